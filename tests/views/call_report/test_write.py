"""A report has all of a call on one axis of time, without secrets and scripts, with numbers masked, and is the same at every door."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from switchhook.cli.main import FAILED, FINE, MISUSED
from switchhook.cli.main import run as command
from switchhook.operations.calls.whole import WholeCall, show_whole_call
from switchhook.operations.data_dir import DATABASE
from switchhook.storage.sqlite.store import SqliteStore
from switchhook.views.call_report.write import call_report, report_name
from tests.support.console import in_office
from tests.support.loop import run
from tests.support.whole_call import EVIL, ID, SECRET, keep_whole_call

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.support.console import Office


class Tags(HTMLParser):
    """Collects what is in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")


async def kept(path: Path | None = None) -> WholeCall:
    store = await SqliteStore.open(path)
    try:
        await keep_whole_call(store)
        return await show_whole_call(store, ID)
    finally:
        await store.close()


def page(numbers: str = "masked") -> str:
    return call_report(run(kept()), numbers=numbers).decode()


def test_sip_http_and_events_stand_in_the_order_of_time() -> None:
    kinds = re.findall(r'<span class="kind (\w+)">', page())
    afters = re.findall(r'<span class="after"[^>]*>\+([^<]+)</span>', page())

    assert kinds == [
        *("call", "call", "sip", "http", "http", "call", "sip"),
        *("call", "call", "event", "event", "call"),
    ]
    assert afters == [
        *("0 ms", "0 ms", "0 ms", "100 ms", "220 ms", "230 ms", "240 ms"),
        *("1.0 s", "6.0 s", "10.2 s", "11.2 s", "26.0 s"),
    ]


def test_no_text_of_a_stranger_becomes_markup_and_nothing_is_loaded() -> None:
    read = Tags()
    read.feed(page("full"))

    assert EVIL not in page("full")
    assert not read.tags & {"script", "img", "iframe", "object", "link", "form", "base", "audio"}
    assert not [name for name in read.attributes if name.startswith("on")]
    assert not {"src", "style", "action", "srcset"} & set(read.attributes)
    assert all(one.startswith("#line-") for one in read.attributes["href"])
    style = re.search(r"<style>(.*?)</style>", page(), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page().replace("&#39;", "'")


def test_secrets_are_out_and_numbers_in_full_only_where_wanted() -> None:
    for numbers in ("masked", "full", "", "FULL"):
        told = page(numbers)
        assert SECRET not in told
        assert ("441112233" in told) is (numbers == "full")
        assert ("800111222" in told) is (numbers == "full")
    assert "only the last digits are shown" in page()


def test_a_file_has_a_name_that_leads_nowhere() -> None:
    assert report_name("1.2") == "call-1.2.html"
    assert report_name('../a"\r\nb') == "call-..-a---b.html"


def test_every_door_gives_the_same_bytes(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    wanted = {numbers: page(numbers).encode() for numbers in ("masked", "full")}

    async def scenario(office: Office) -> None:
        await keep_whole_call(office.web.store)
        for numbers, body in wanted.items():
            over_api = await office.web.ask("GET", f"/api/calls/{ID}/report?numbers={numbers}")
            assert (over_api.status, over_api.body) == (200, body)
            here = f"/console/projects/acme/calls/{ID}/report?numbers={numbers}"
            told = await office.as_user("editor").get(here)
            assert (told.status, told.body) == (200, body)
            assert told.headers["content-disposition"] == 'attachment; filename="call-rich.html"'
            assert (await office.as_user("viewer").get(here)).status == 403
        assert (await office.web.ask("GET", "/api/calls/gone/report")).status == 404
        assert (await office.web.ask("GET", f"/api/calls/{ID}/report?numbers=x")).status == 400
        other = await office.web.ask("GET", f"/api/calls/{ID}/report", key="other")
        assert other.status == 404
        narrow = await office.web.ask("GET", f"/api/calls/{ID}/report", key="calls")
        assert narrow.status == 403

    in_office(scenario, is_filled=False)
    run(kept(tmp_path / DATABASE))
    where = ("--data-dir", str(tmp_path))
    for numbers, body in wanted.items():
        file = tmp_path / f"{numbers}.html"
        assert command(["calls", ID, "--html", str(file), "--numbers", numbers, *where]) == FINE
        assert file.read_bytes() == body
    capsysbinary.readouterr()
    assert command(["calls", ID, "--html", "-", *where]) == FINE
    assert capsysbinary.readouterr().out == wanted["masked"]
    assert command(["calls", "none", "--html", "-", *where]) == FAILED
    assert command(["calls", "--html", "-", *where]) == MISUSED
