"""How the house is reached: plain HTTP on loopback alone, else TLS of its own, or behind a proxy that is named."""

from __future__ import annotations

import argparse
import ipaddress
import os
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from granian.utils.proxies import wrap_asgi_with_proxy_headers, wrap_wsgi_with_proxy_headers
from starlette.types import ASGIApp

from doorstep.kernel.postgres import home
from doorstep.kernel.secret_files import loose
from doorstep.site import certificates
from doorstep.site.certificates import EdgeError

__all__ = ["Edge", "EdgeError", "behind_asgi", "behind_wsgi", "grammar", "is_loopback", "settle", "tell"]

CERTIFICATE: Final = "DOORSTEP_TLS_CERT_FILE"
KEY: Final = "DOORSTEP_TLS_KEY_FILE"
PROXIES: Final = "DOORSTEP_BEHIND_PROXY"
TLS: Final = "DOORSTEP_TLS"
"""Set for all parts once it is settled that people come by TLS: cookies, redirects and links follow it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What the server is started with; without a certificate it speaks plain HTTP."""

    certificate: Path | None = None
    key: Path | None = None
    proxies: tuple[str, ...] = ()

    @property
    def scheme(self) -> str:
        """What the server itself speaks."""
        return "https" if self.certificate else "http"


def grammar(made: argparse.ArgumentParser) -> None:
    """The options of a command that listens."""
    asked = os.environ.get
    made.add_argument(
        "--tls-cert", type=Path, default=asked(CERTIFICATE), metavar="FILE", help="证书 / certificate, PEM"
    )
    made.add_argument("--tls-key", type=Path, default=asked(KEY), metavar="FILE", help="私钥 / its key, PEM")
    made.add_argument(
        "--behind-proxy",
        default=asked(PROXIES, ""),
        metavar="ADDRESS,…",
        help="由这些地址的代理终止 TLS / TLS ends at a proxy with one of these addresses or networks",
    )


def settle(options: argparse.Namespace, environment: MutableMapping[str, str] = os.environ) -> Edge:
    """Decide how the house is reached, and tell its parts (by the environment); EdgeError where it cannot be so."""
    proxies = _proxies(options.behind_proxy)
    given = [Path(each) for each in (options.tls_cert, options.tls_key) if each]
    if len(given) == 1:
        raise EdgeError("证书和私钥要一起给出（--tls-cert 和 --tls-key）。", "Give certificate and key together.")
    if proxies and given:
        raise EdgeError("--behind-proxy 与证书只能用一种。", "Either --behind-proxy or a certificate, not both.")
    if given:
        certificates.check(given[0], given[1])
        edge = Edge(given[0], given[1])
    elif proxies or is_loopback(options.host):
        edge = Edge(proxies=proxies)
    else:
        edge = Edge(*certificates.own(home(), _names(options.host, environment)))
    if edge.certificate and edge.key:  # whoever watches its end must know which it is
        environment[CERTIFICATE], environment[KEY] = str(edge.certificate), str(edge.key)
    environment[PROXIES] = ",".join(proxies)
    environment[TLS] = "1" if edge.certificate or proxies else ""
    return edge


def tell(edge: Edge, host: str, port: int) -> None:
    """Print where the house stands, and by which fingerprint its certificate is known."""
    sys.stderr.write(f"{edge.scheme}://{f'[{host}]' if ':' in host else host}:{port}/\n")
    if edge.certificate:
        sys.stderr.write(f"SHA-256 {certificates.fingerprint(edge.certificate)}\n")
    if edge.key and loose(edge.key):
        sys.stderr.write(f"{edge.key}: 其他用户可读，请改为 0600 / others may read it, make it 0600\n")


def behind_asgi(app: ASGIApp) -> ASGIApp:
    """The app, told by the proxies that are named (and by nobody else) who asks and whether by TLS."""
    named = os.environ.get(PROXIES, "")
    return wrap_asgi_with_proxy_headers(app, named.split(",")) if named else app


def behind_wsgi(app: Callable[..., object]) -> Callable[..., object]:
    """The same for the pages alone."""
    named = os.environ.get(PROXIES, "")
    return wrap_wsgi_with_proxy_headers(app, named.split(",")) if named else app


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxies(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for each in found:
        try:
            network = ipaddress.ip_network(each)
        except ValueError:
            raise EdgeError(
                f"--behind-proxy：“{each}”不是地址或网段。", f"--behind-proxy: {each!r} is no address or network."
            ) from None
        if network.prefixlen == 0:
            raise EdgeError(
                "--behind-proxy 不能信任所有地址。", "--behind-proxy must name the proxy, not the whole world."
            )
    return found


def _names(host: str, environment: MutableMapping[str, str]) -> list[str]:
    hosts = [each for each in environment.get("DOORSTEP_HOSTS", "").split(",") if each and "*" not in each]
    return hosts if host in ("0.0.0.0", "::", "") else [host, *hosts]  # noqa: S104  asked whether it is so
