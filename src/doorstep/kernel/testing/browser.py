"""A pytest plug-in: pages in a real Chromium (the system's), with the checks that every page must pass.

``as_caller(call)`` decides who is signed in without a sign-in page; journeys that test the sign-in itself leave it out.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.http import HttpRequest
    from playwright.sync_api import Browser, Page

    from doorstep.kernel.call import Call

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (360, 1280)
GRAVE = {"serious", "critical"}
PATHS = ("chromium", "chromium-browser", "google-chrome")
MEANT = (
    "the server responded with a status of 4",
    "net::ERR_INTERNET_DISCONNECTED",
    "htmx:sendError",
    "htmx:afterRequest",
)
_caller: list[Call | None] = [None]


class InFlight:
    """How many requests of browsers the live server is answering now."""

    def __init__(self) -> None:
        self.count, self._lock = 0, threading.Lock()

    def begin(self, **_more: object) -> None:
        """Receives ``request_started``; what the test's own client asks is not a browser's."""
        self._add(1)

    def end(self, **_more: object) -> None:
        """Receives ``request_finished``."""
        self._add(-1)

    def _add(self, more: int) -> None:
        if threading.current_thread() is not threading.main_thread():
            with self._lock:
                self.count += more

    def settle(self, seconds: float = 20) -> None:
        """Wait until nothing is answered any more: what is still written when all tables are emptied deadlocks."""
        end, quiet = time.monotonic() + seconds, 0
        while quiet < 2 and time.monotonic() < end:
            time.sleep(0.01)
            quiet = 0 if self.count > 0 else quiet + 1


def call_for(request: HttpRequest) -> Call | None:
    """Who is asking, as the running test says (``settings.DOORSTEP_CALL_FOR`` in tests with ``as_caller``)."""
    return _caller[0]


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """WhiteNoise warns where the folder of collected files is missing, and warnings are errors here."""
    from django.conf import settings

    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def as_caller(settings: Any) -> Iterator[Callable[[Call | None], None]]:
    """A function that signs a caller in (or out, with None) for this test."""
    from doorstep.kernel.web import pages

    settings.DOORSTEP_CALL_FOR = f"{__name__}.call_for"
    pages._call_for.cache_clear()

    def sign_in(call: Call | None) -> None:
        _caller[0] = call

    yield sign_in
    _caller[0] = None
    pages._call_for.cache_clear()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, started once; tests that need it are skipped only where there is none and it is not demanded."""
    path = next((found for name in PATHS if (found := shutil.which(name))), None)
    if path is None:
        if os.environ.get("DOORSTEP_BROWSER_MUST"):
            pytest.fail("no Chromium: apt-get install chromium fonts-noto-cjk")
        pytest.skip("no Chromium: apt-get install chromium fonts-noto-cjk")
    from django.db import connections
    from playwright.sync_api import sync_playwright

    connections.close_all()
    # Playwright keeps an event loop in this thread; the tests use Django's database beside it, never inside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield browser
        browser.close()
        connections.close_all()  # asgiref keeps those of a thread with a loop apart: nobody else sees them again


@pytest.fixture
def open_page(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Open a fresh page: ``open_page(width=1280, language="zh-CN", scripts=True)``. All that the console says of errors
    or of the content security policy is kept in ``page.complaints`` and fails the test at its end."""
    from django.core.signals import request_finished, request_started

    contexts, complaints, flying = [], [], InFlight()
    request_started.connect(flying.begin)
    request_finished.connect(flying.end)

    def make(width: int = 1280, language: str = "zh-CN", scripts: bool = True) -> Page:
        context = chromium.new_context(
            base_url=str(live_server.url),
            viewport={"width": width, "height": 800},
            locale=language,
            java_script_enabled=scripts,
            timezone_id="Asia/Shanghai",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    flying.settle()
    told = [text for text in complaints if not any(known in text for known in MEANT)]
    assert not told, f"the browser's console complains: {told}"


@pytest.fixture
def browser_page(open_page: Callable[..., Page]) -> Page:
    """A page of 1280 px in Chinese."""
    return open_page()


def axe(page: Page) -> None:
    """Fail on serious or critical findings of axe (WCAG 2.2 AA) on the page as it stands."""
    from axe_playwright_python.base import AXE_SCRIPT

    page.wait_for_load_state()
    # Past the content security policy, so without a reload. Never detached: that ends virtual authenticators.
    devtools = page.context.new_cdp_session(page)
    devtools.send("Runtime.evaluate", {"expression": AXE_SCRIPT})
    run = {"expression": "axe.run({resultTypes: ['violations']})", "awaitPromise": True, "returnByValue": True}
    found = devtools.send("Runtime.evaluate", run)
    assert "exceptionDetails" not in found, found
    grave = [v for v in found["result"]["value"]["violations"] if v["impact"] in GRAVE]
    lines = [f"{v['id']} ({v['impact']}): {n['html'][:160]} {n['failureSummary']}" for v in grave for n in v["nodes"]]
    assert not grave, f"axe on {page.url}:\n" + "\n".join(lines)


def no_sideways(page: Page) -> None:
    """Fail where the page scrolls sideways, and name what sticks out."""
    page.wait_for_load_state()  # what was clicked may just have led to another page
    wide = page.evaluate(
        """() => { const most = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= most) return [];
        return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > most + 1)
          .slice(-5).map(e => e.outerHTML.slice(0, 120)); }"""
    )
    assert not wide, f"{page.url} is too wide at {page.viewport_size}: {wide}"


def nothing_covered(page: Page) -> None:
    """Fail where the head of the page lies over its beginning."""
    covered = page.evaluate(
        """() => { const main = document.querySelector('main'), top = document.querySelector('header.top');
        if (!main || !top || scrollY) return false;
        const ends = [top, ...top.children].map(e => e.getBoundingClientRect().bottom);
        return main.getBoundingClientRect().top < Math.max(...ends) - 1; }"""
    )
    assert not covered, f"{page.url}: the head covers the page at {page.viewport_size}"


def at_widths(page: Page) -> Iterator[int]:
    """At 360 and 1280 px, nothing sticking out, nothing covered: ``for width in at_widths(page): axe(page)``."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        no_sideways(page)
        nothing_covered(page)
        yield width
