"""The shipped fail2ban filter finds every wrong password and key in the real log, and nothing made up.

`fail2ban-regex` itself is asked too where it is installed; no test installs it, as that would start it.
"""

from __future__ import annotations

import re
import subprocess
from configparser import ConfigParser
from io import StringIO
from pathlib import Path

import pytest

from switchhook.logs import configure_logs
from switchhook.settings import LogLevel
from switchhook.sip.wire.transport import Peer
from switchhook.softphone.phone import RefusedError, Softphone
from tests.support.loop import run
from tests.support.office import open_office, shop
from tests.support.programs import require
from tests.support.web import HOOKS, serving

FOLDER = Path(__file__).parents[2] / "deploy" / "fail2ban"
FILTER = FOLDER / "filter.d" / "switchhook.conf"
HOME = "127.0.0.2"
FORGED = "john [warning  ] api key wrong  address=192.0.2.99 "
JSON_FORGED = 'x", "address": "192.0.2.99", "event": "api key rejected'


def real_log(*, as_json: bool) -> list[str]:
    """Register with wrong passwords and ask with wrong keys; return what is logged."""
    stream = StringIO()

    async def scenario() -> None:
        async with open_office(shop()) as office:
            server = Peer("UDP", "127.0.0.1", office.port)
            for name in ("john", FORGED, JSON_FORGED):
                async with Softphone(name, "guess", server=server, host=HOME) as phone:
                    with pytest.raises(RefusedError):
                        await phone.register()
        async with serving() as web:
            for key in ("Token user@example.com:wrong", f"Token {FORGED}:x", "Bearer wrong"):
                assert (await web.ask("GET", HOOKS, key="", Authorization=key)).status == 403

    configure_logs(LogLevel.INFO, as_json=as_json, to=stream)
    run(scenario())
    return stream.getvalue().splitlines()


def found(lines: list[str]) -> list[str]:
    """Return the addresses that the filter finds."""
    config = ConfigParser()
    config.read(FILTER)
    address = "(?P<host>[0-9a-fA-F.:]+)"
    expressions = [
        re.compile(line.replace("<HOST>", address))
        for line in config["Definition"]["failregex"].splitlines()
    ]
    matches = [
        next(filter(None, (one.search(line) for one in expressions)), None) for line in lines
    ]
    return [match["host"] for match in matches if match]


@pytest.mark.row("FD-14")
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("place", ["a file", "the journal"])
def test_each_mistake_is_found_with_its_address_and_no_other(place: str, *, as_json: bool) -> None:
    lines = real_log(as_json=as_json)
    if place == "a file":  # of whose lines fail2ban cuts the date out
        lines = [re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?", "", line, count=1) for line in lines]
    else:
        lines = [f"host switchhook[12]: {line}" for line in lines]

    assert found(lines) == [HOME] * 3 + ["127.0.0.1"] * 3
    assert "wrong" in "".join(lines)
    assert "guess" not in "".join(lines)


@pytest.mark.row("FD-14")
@pytest.mark.parametrize("as_json", [False, True])
def test_fail2ban_finds_them_too(tmp_path: Path, *, as_json: bool) -> None:
    program = require("fail2ban-regex")
    log = tmp_path / "switchhook.log"
    log.write_text("\n".join(real_log(as_json=as_json)) + "\n")

    told = subprocess.run(
        [str(program), str(log), str(FILTER)], capture_output=True, text=True, check=False
    ).stdout

    assert re.search(r"(\d+) matched", told)[1] == "6"  # type: ignore[index]


@pytest.mark.row("FD-14")
def test_the_jail_names_the_filter() -> None:
    jail = ConfigParser(interpolation=None)
    jail.read(FOLDER / "jail.d" / "switchhook.conf")

    assert jail["switchhook"]["filter"] == FILTER.stem
