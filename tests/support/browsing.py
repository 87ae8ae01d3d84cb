"""Debian's Chromium for the tests of the console's pages, driven by Playwright: strict about all that a page must not do.

Playwright's loop lives in the thread that starts it, where no other loop may run. So a browser has a thread of its own,
and tests that use one run there: `tests/console/conftest.py` sees to it.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from tests.support.console import Running, key_of
from tests.support.programs import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request

SHOTS: Final = "CONSOLE_SHOTS"
"""The environment's name of a folder that pictures of pages go to."""
WIDE: Final = {"width": 1280, "height": 800}
NARROW: Final = {"width": 360, "height": 740}
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS: Final = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
_NO_SIDEWAYS: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_POLICY: Final = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP refused ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""


class BrowserThread:
    """The thread that a browser lives in."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="browser")
        self._started: tuple[Any, Browser] | None = None

    def do(self, work: Callable[[], Any]) -> Any:
        """Run something in that thread, and return what it returns."""
        return self._thread.submit(work).result()

    def browser(self) -> Browser:
        """Return the browser, which starts at its first use; to be called in its thread."""
        if self._started is None:
            program = require("chromium")
            player = sync_playwright().start()
            started = player.chromium.launch(executable_path=program, args=[*_OPTIONS])
            self._started = player, started
        return self._started[1]

    def close(self) -> None:
        """End the browser and its thread."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _close(self) -> None:
        if self._started is not None:
            player, browser = self._started
            browser.close()
            player.stop()


@dataclass(slots=True)
class Sight:
    """One person's browser window, and what went wrong in it."""

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)
    """Errors in the console, reports of the content security policy, requests to other hosts."""
    expected: int = 0
    """Pages that are meant to be refused: Chromium writes an error into its console for each."""

    def open(self, path: str, *, status: int = 200) -> Page:
        """Open a path, which is answered with a status."""
        if status >= 400:
            self.expected += 1
        answer = self.page.goto(f"{self.url}{path}")
        assert answer is not None
        assert answer.status == status
        return self.page

    def check(self, name: str = "") -> None:
        """Fail for what axe finds in the page as it is, and for a page that scrolls sideways.

        Where the environment names a folder, a picture of a `name` goes there.
        """
        if name and (folder := os.environ.get(SHOTS)):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)
        found = Axe().run(self.page, options={"runOnly": _RULES}).response["violations"]
        told = [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
            for one in found
            for node in one["nodes"]
        ]
        assert told == [], "\n".join(told)
        assert self.page.evaluate(_NO_SIDEWAYS) <= 0

    def is_well(self) -> None:
        """Fail for what went wrong since the window was opened."""
        refused = [one for one in self.troubles if "status of 4" in one]
        others = [one for one in self.troubles if one not in refused]
        assert others == [], "\n".join(others)
        assert len(refused) <= self.expected


@contextmanager
def window(
    browser: Browser,
    office: Running,
    login: str = "owner",
    *,
    is_narrow: bool = False,
    is_dark: bool = False,
    has_scripts: bool = True,
) -> Iterator[Sight]:
    """Open a window in which a user is signed in; "" is nobody."""
    context = browser.new_context(
        viewport=NARROW if is_narrow else WIDE,  # type: ignore[arg-type] # a TypedDict of these keys
        color_scheme="dark" if is_dark else "light",
        java_script_enabled=has_scripts,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    try:
        _sign_in(context, office, login)
        sight = Sight(context.new_page(), office.url)
        _watch(sight, has_scripts=has_scripts)
        yield sight
        sight.is_well()
    finally:
        context.close()


def _sign_in(context: BrowserContext, office: Running, login: str) -> None:
    if login:
        context.add_cookies(
            [{"name": "switchhook_session", "value": key_of(login), "url": office.url}]
        )


def _watch(sight: Sight, *, has_scripts: bool) -> None:
    """Note what a page must not do."""

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            sight.troubles.append(f"console: {message.text}")

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        ours = urlsplit(sight.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != ours.netloc:
            sight.troubles.append(f"asks another host: {request.url}")

    sight.page.on("console", said)
    sight.page.on("pageerror", lambda error: sight.troubles.append(f"script: {error}"))
    sight.page.on("request", asked)
    if has_scripts:
        sight.page.add_init_script(_POLICY)
