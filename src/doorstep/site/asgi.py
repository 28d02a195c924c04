"""The one process of the demo: ``/fhir`` and ``/healthz`` to the lean door, all else to Django's pages.

``fhir`` is the door alone, for production.
"""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doorstep.site.settings")
django.setup()

from a2wsgi import WSGIMiddleware  # noqa: E402  Django must be set up before its parts are imported
from django.conf import settings  # noqa: E402
from starlette.types import Message, Receive, Scope, Send  # noqa: E402

from doorstep import __version__  # noqa: E402
from doorstep.fhir.door.app import Door  # noqa: E402
from doorstep.site import edge, serve, watching  # noqa: E402
from doorstep.site.browsers import Browsers  # noqa: E402
from doorstep.site.fhir_house import House  # noqa: E402
from doorstep.site.sharing import calm_collector  # noqa: E402
from doorstep.site.wsgi import application as pages  # noqa: E402

BODY = 64 << 20
rooms = House()
door = watching.door(Browsers(Door(rooms, BODY, __version__, tls=settings.BY_TLS), rooms))
house = WSGIMiddleware(pages, workers=8)  # type: ignore[arg-type]  # Django types its WSGI handler more narrowly
calm_collector()
serve.watch_parent(lambda: os._exit(1))


async def _alone(scope: Scope, receive: Receive, send: Send) -> None:
    """The FHIR door, and the numbers, which a page tells."""
    await (_pages if scope["type"] == "http" and scope["path"] == "/metrics" else _door)(scope, receive, send)


async def _door(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" and scope["path"].startswith("/fhir"):
        scope = {**scope, "root_path": scope.get("root_path", "") + "/fhir"}
    await door(scope, receive, send)


async def _all(scope: Scope, receive: Receive, send: Send) -> None:
    """Send each request to the part that it is for."""
    if scope["type"] == "lifespan":
        await door(scope, receive, send)
    elif scope["type"] == "http":
        path = scope["path"]
        if path == "/healthz" or path == "/fhir" or path.startswith("/fhir/"):
            await _door(scope, receive, send)
        else:
            await _pages(scope, receive, send)


async def _pages(scope: Scope, receive: Receive, send: Send) -> None:
    """Granian hands over awaitables, but a2wsgi calls them from threads and asks for true coroutines."""

    async def received() -> Message:
        return await receive()

    async def sent(message: Message) -> None:
        await send(message)

    await house(scope, received, sent)  # type: ignore[arg-type]  # the same protocol under two names


fhir = edge.behind_asgi(_alone)
"""The FHIR door at ``/fhir``, the sign of life and the numbers."""
application = edge.behind_asgi(_all)
"""Each request to the part that it is for."""
