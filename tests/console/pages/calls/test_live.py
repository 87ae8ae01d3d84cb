"""Running calls are listed with what they wait for, renewed as things change, and never under a reader's hands."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.conformance.test_call_list import made
from tests.support.console import ACME, STRANGE, in_office, running_office
from tests.support.projects import MINIMAL
from tests.support.promises import record
from tests.support.wire import _pump

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.browsing import Sight
    from tests.support.console import Office, Running

LIVE = "/console/projects/acme/live"
CALLS = "/console/projects/acme/calls"
MASKED = MINIMAL.replace("[project]", "[project]\nviewers_see_numbers = false", 1)


def test_running_calls_are_listed_with_acts_for_who_may() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.as_user("editor").get(LIVE)).body.decode()
        assert "1 call at" in page
        assert f'href="{CALLS}/c3"' in page
        assert "Hang up now" in page
        assert "Hang up now" not in (await office.as_user("viewer").get(LIVE)).body.decode()
        named = replace(made("c9", at=999.0, outcome=None), snapshot=ACME)
        named = replace(named, caller=replace(named.caller, name=STRANGE))
        await office.web.store.commit(record(named))
        assert STRANGE not in (await office.as_user("editor").get(LIVE)).body.decode()

    in_office(scenario)


def test_a_quiet_project_says_so_and_a_masked_one_shows_no_number() -> None:
    async def empty(office: Office) -> None:
        assert "No call runs." in (await office.as_user("viewer").get(LIVE)).body.decode()

    async def masked(office: Office) -> None:
        assert "441112233" not in (await office.as_user("viewer").get(LIVE)).body.decode()

    in_office(empty, is_filled=False)
    in_office(masked, document=MASKED)


def arrives(at: Running, name: str, seconds: float) -> None:
    call = replace(made(name, at=seconds, outcome=None), snapshot=ACME)
    at.do(at.office.web.store.commit(record(call)))


class Line:
    """A wire to a server that can be cut and mended: all connections through it end, and none is taken meanwhile."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._ends: list[socket.socket] = []
        self.port = 0
        self.mend()

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._take, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        for one in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._ends.clear()

    def _take(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.create_connection(("127.0.0.1", self._upstream))
                self._ends += [here, there]
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=_pump, args=ends, daemon=True).start()


@pytest.mark.slow
def test_live_renews_itself_holds_back_under_focus_and_says_when_the_server_is_gone(
    look: Callable[..., Sight],
) -> None:
    with running_office() as at:
        at.office.web.keeps_events = False
        line = Line(at.office.web.port)
        sight = look("editor", at=at)
        sight.url = f"http://127.0.0.1:{line.port}"
        page = sight.open(LIVE)
        sight.check("live")
        arrives(at, "n1", 1_000.0)
        page.get_by_text("2 calls at").wait_for()
        page.get_by_role("table").get_by_role("link").first.focus()
        arrives(at, "n2", 1_100.0)
        page.get_by_role("button", name="1 new call: show").wait_for()
        sight.check("live-held")
        assert page.get_by_text("2 calls at").is_visible()
        page.get_by_role("button", name="1 new call: show").click()
        page.get_by_text("3 calls at").wait_for()
        page.get_by_role("table").get_by_role("link").first.focus()
        arrives(at, "n3", 1_200.0)
        page.get_by_role("button", name="1 new call: show").wait_for()
        page.get_by_role("heading", name="Live").click()
        page.get_by_text("4 calls at").wait_for()
        line.cut()
        page.get_by_text("The server does not answer").wait_for(timeout=5_000)
        sight.check("live-stale")
        arrives(at, "n4", 1_300.0)
        line.mend()
        page.get_by_text("5 calls at").wait_for()
        assert not page.get_by_text("The server does not answer").is_visible()
        line.cut()
        sight.troubles.clear()  # Chromium's own words for a server that is gone


@pytest.mark.slow
def test_new_calls_come_into_the_list(look: Callable[..., Sight]) -> None:
    with running_office() as at:
        at.office.web.keeps_events = False
        sight = look("viewer", at=at, is_narrow=True, is_dark=True)
        page = sight.open(CALLS)
        page.get_by_text("4 calls, newest first").wait_for()
        arrives(at, "n1", 1_000.0)
        page.get_by_text("5 calls, newest first").wait_for()
        page.get_by_role("table").get_by_role("link").first.focus()
        arrives(at, "n2", 1_100.0)
        arrives(at, "n3", 1_200.0)
        page.get_by_role("button", name="new call").wait_for()
        sight.check("calls-held-narrow-dark")
        page.get_by_role("button", name="new call").click()
        page.get_by_text("7 calls, newest first").wait_for()
        sight.open(LIVE)
        sight.check("live-narrow-dark")
