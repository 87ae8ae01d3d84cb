"""A browser for the tests of pages: one for each process of the tests, started at its first use."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browsing import BrowserThread, Sight, window
from tests.support.console import Running, running_office

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILED = Path(".venv/console")
"""Where the pictures of pages go whose test failed."""


@pytest.fixture(scope="session")
def browser_thread() -> Iterator[BrowserThread]:
    """Return the thread of the browser, which no other loop runs in."""
    thread = BrowserThread()
    try:
        yield thread
    finally:
        thread.close()


@pytest.fixture(scope="module")
def office() -> Iterator[Running]:
    """Serve an office that the tests of a file share; a test that changes much opens its own."""
    with running_office() as running:
        yield running


@pytest.fixture
def look(
    browser_thread: BrowserThread, office: Running, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Sight]]:
    """Open windows: `look("viewer", is_narrow=True)`. Each is closed, and judged, after the test.

    A test with this fixture runs in the browser's thread.
    """
    stack, opened = ExitStack(), list[Sight]()

    def open_window(login: str = "owner", *, at: Running = office, **options: Any) -> Sight:
        sight = stack.enter_context(window(browser_thread.browser(), at, login, **options))
        opened.append(sight)
        return sight

    yield open_window
    report = getattr(request.node, "called", None)
    if report is not None and report.failed:
        browser_thread.do(partial(_keep, request.node.name, opened))
    browser_thread.do(stack.close)


def _keep(name: str, opened: list[Sight]) -> None:
    FAILED.mkdir(parents=True, exist_ok=True)
    for number, sight in enumerate(opened):
        safe = "".join(char if char.isalnum() else "-" for char in name)
        sight.page.screenshot(path=FAILED / f"{safe}-{number}.png", full_page=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let the fixture know whether its test failed."""
    report = yield
    if report is not None and report.when == "call":
        item.called = report
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that looks at pages in the thread of the browser."""
    if "look" not in pyfuncitem.fixturenames:
        return None
    thread = pyfuncitem.funcargs["browser_thread"]
    assert isinstance(thread, BrowserThread)
    names = pyfuncitem._fixtureinfo.argnames
    given = {name: pyfuncitem.funcargs[name] for name in names}
    thread.do(partial(pyfuncitem.obj, **given))
    return True
