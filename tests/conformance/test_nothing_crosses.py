"""Nothing crosses projects: whatever a token writes into its file, others and the machine are as they were.

The keys come from the schema, so a new one is tried as soon as it is there.
"""

from __future__ import annotations

import copy
import json
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from switchhook.delivery.address_guard import refusal
from switchhook.delivery.allowed_networks import AllowedNetworks
from switchhook.drivers.embedded.authenticator import Authenticator, AuthRejection, KnownPeer
from switchhook.drivers.embedded.invite_guard import why_not_called
from switchhook.operations.projects import apply_project
from switchhook.operations.sounds import SoundFiles, missing_sounds
from switchhook.projectfile.file import read_project
from switchhook.projectfile.loading import load_directory
from switchhook.projectfile.schema.event import FORMER_TABLES
from switchhook.projectfile.schema.header import Pair
from switchhook.projectfile.schema.project import FILE, former_names
from switchhook.projectfile.schema.scheme import STEPS, Steps
from switchhook.projectfile.toml.mistakes import Mistakes
from switchhook.projectfile.toml.tables import Table, TableKey, Tables
from switchhook.projectfile.toml.value_types import ListOf
from switchhook.projectfile.types.scheme import Presses
from switchhook.sip.rtp.wav import write_wav
from switchhook.sip.wire.transport import Peer
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.digest import answer_challenge
from tests.support.loop import run
from tests.support.sip import request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import Project

Where = tuple[str | int, ...]
Document = dict[str, Any]

VICTIM = """
[project]
id = "victim"
name = "Victim"
[[accounts]]
login = "olga"
password = "victims-password"
[[trunks]]
name = "carrier"
host = "sip.carrier.example"
username = "carrier-v"
password = "carriers-password"
sources = ["203.0.113.0/28"]
[[numbers]]
number = "380800333444"
scheme = 77
[[sounds]]
name = "secret"
[[schemes]]
id = 77
name = "Main"
[[schemes.steps]]
ring = ["olga"]
"""

OWN: Document = {
    "project": {"id": "mine", "name": "Mine"},
    "screening": {},
    "outside_calls": {},
    "call_tracking": {},
    "google_analytics": {},
    "event_stream": {},
    "recordings": {},
    "warnings": {},
    "numbers": [{"number": "380800111222", "scheme": 1}],
    "accounts": [{"login": "john", "password": "johns-password"}],
    "groups": [{"name": "all", "accounts": ["john"]}],
    "trunks": [
        {
            "name": "carrier",
            "host": "sip.mine.example",
            "username": "mine",
            "password": "mine-mine",
            "sources": ["198.51.100.0/28"],
        }
    ],
    "sounds": [{"name": "hello", "file": "hello.wav"}],
    "hours": [{"name": "office", "monday": "09:00-18:00"}],
    "forwarding_numbers": [
        {
            "name": "crm",
            "url": "https://crm.example/route",
            "headers": [{"name": "X-A", "value": "b"}],
            "parameters": [{"name": "c", "value": "caller_id"}],
        }
    ],
    "dial_plan_webhooks": [
        {
            "name": "gate",
            "url_template": "https://crm.example/gate?c={callerid}",
            "headers": [{"name": "X-A", "value": "b"}],
        }
    ],
    "schemes": [{"id": 1, "name": "Main", "steps": [{"ring": ["john"]}]}],
    "events": [
        {
            "name": "told",
            "event": "incoming.after",
            "filter": {"min_duration": 1},
            "webhooks": [
                {
                    "url": "https://crm.example/told",
                    "headers": [{"name": "X-A", "value": "b"}],
                    "parameters": [{"name": "c", "value": "caller_id"}],
                }
            ],
            "mails": [{"name": "mail", "to": ["me@mine.example"], "subject": "Call"}],
        }
    ],
    "stream_webhooks": [
        {
            "name": "erp",
            "url": "https://erp.example/events",
            "headers": [{"name": "X-A", "value": "b"}],
        }
    ],
}
"""A file with one of everything, which the operator applied."""

STEP: dict[str, Document] = {
    "ask": {"ask": "crm"},
    "ask_dial_plan": {"ask_dial_plan": "gate"},
    "ring": {"ring": ["john"]},
    "ring_destination": {"ask_dial_plan": "gate", "success": [{"ring_destination": True}]},
    "play": {"play": ["hello"]},
    "background": {"background": ["hello"]},
    "menu": {"menu": ["hello"], "press": {"1": []}},
    "hours": {"hours": "office"},
    "voicemail": {"voicemail": ["hello"]},
    "rating": {"rating": ["hello"]},
    "record": {"record": True},
    "go_to": {"go_to": 2},
    "hang_up": {"hang_up": 486},
}

THEIRS: tuple[Any, ...] = (
    *("victim", "380800333444", "+380800333444", "olga", "carrier-v", 77),
    *("0.0.0.0/0", "::/0", "203.0.113.0/24", "203.0.113.5"),
)
"""What is another project's, or takes it in."""
INWARD: tuple[Any, ...] = (
    # The machine and its networks
    *("127.0.0.1", "127.1", "2130706433", "localhost", "::1", "::ffff:127.0.0.1", "0.0.0.0"),
    *("10.0.0.5", "169.254.169.254", "127.0.0.1:24095", "127.0.0.0/8", "10.0.0.0/8", 24095, 5038),
    *("sip:a@127.0.0.1:24095;transport=tcp", "sip:a@10.0.0.5"),
    *("http://127.0.0.1:24095/", "http://localhost:5038/", "file:///etc/passwd"),
    # Files
    *("/etc/passwd", "../victim/secret.wav", "a/../../victim/secret.wav", "../../switchhook.db"),
    # Heads of messages
    *(
        "a\r\nBcc: olga@victim.example",
        "me@mine.example\r\nBcc: olga@victim.example",
        "a\nX-Evil: 1",
    ),
)
"""What reaches the machine, its files, or other headers."""
INSIDE = [
    *(("127.0.0.1", port) for port in (24095, 5060, 5038, 80)),
    *(("10.0.0.5", port) for port in (5060, 24095, 80)),
    *(("169.254.169.254", 80), ("::1", 24095), ("::ffff:127.0.0.1", 24095), ("0.0.0.0", 24095)),
]
VICTIMS_CARRIER, STRANGER = "203.0.113.5", "192.0.2.77"


# Every key of a file, with a document in which it may stand


class Case(NamedTuple):
    """A place in a good document, perhaps under former names of keys: by how many parts come before each."""

    document: Document
    where: Where
    former: dict[int, str]


def places() -> Iterator[Case]:
    """Yield every place of a file, under each of its names."""
    assert set(OWN) == {key.name for key in FILE.keys}, "a table is missing in OWN"
    for key in FILE.keys:
        yield from _key(OWN, (), key, {})
    assert set(STEP) == set(STEPS), "a step is missing in STEP"
    for word, table in STEPS.items():
        document = copy.deepcopy(OWN)
        document["schemes"] = [
            {"id": 1, "name": "Main", "steps": [STEP[word]]},
            {"id": 2, "name": "Other", "steps": [{"ring": ["john"]}]},
        ]
        inside = ("success", 0) if word == "ring_destination" else ()
        for key in table.keys:
            yield from _key(document, ("schemes", 0, "steps", 0, *inside), key, {})


def _key(document: Document, where: Where, key: TableKey, former: dict[int, str]) -> Iterator[Case]:
    below = (*where, key.name)
    yield from _below(document, below, key.kind, former)
    if key.former is not None:
        yield from _below(document, below, key.kind, former | {len(where): key.former.name})


def _below(document: Document, where: Where, kind: Any, former: dict[int, str]) -> Iterator[Case]:
    match kind:
        case Table(keys=keys) | Pair(table=Table(keys=keys)):
            for key in keys:
                yield from _key(document, where, key, former)
        case Tables(table=Steps()) | Presses():
            return
        case Tables(table=inner) | ListOf(kind=Table() | Pair() as inner):
            yield from _below(document, (*where, 0), inner, former)
        case ListOf():
            yield Case(document, (*where, 0), former)
        case _:
            yield Case(document, where, former)


def changed(case: Case, value: object) -> str:
    """Return the document as TOML, with a value in its place."""
    document, where = copy.deepcopy(case.document), case.where
    inner: Any = document
    for part, then in pairwise(where):
        if isinstance(inner, dict):
            inner = inner.setdefault(part, [] if then == 0 else {})
        else:
            inner.extend([{}] * (len(inner) == 0))
            inner = inner[part]
    if isinstance(inner, list):
        inner[:] = [value]
    else:
        inner[where[-1]] = value
    for place, name in sorted(case.former.items(), reverse=True):
        table: Any = document
        for part in where[:place]:
            table = table[part]
        table[name] = table.pop(where[place])
    return "".join(f"{name} = {toml(item)}\n" for name, item in document.items())


def toml(value: object) -> str:
    match value:
        case dict():
            pairs = (f"{json.dumps(name)} = {toml(item)}" for name, item in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case _:
            return json.dumps(value)


CASES: dict[str, list[Case]] = {}
"""Places by the table or step that they are in."""
for _case in places():
    _is_step = _case.where[2:3] == ("steps",)
    _word = next(iter(_case.document["schemes"][0]["steps"][0])) if _is_step else ""
    CASES.setdefault(_word or str(_case.where[0]), []).append(_case)


def test_the_walk_finds_the_keys_that_reach_farthest() -> None:
    found = {"/".join(map(str, case.where)) for of_one in CASES.values() for case in of_one}
    assert {
        "project/id",
        "project/allowed_networks/0",
        "trunks/0/host",
        "trunks/0/sources/0",
        "accounts/0/login",
        "sounds/0/file",
        "events/0/mails/0/to/0",
        "events/0/webhooks/0/headers/0/value",
        "outside_calls/hours",
        "schemes/0/steps/0/ring/0",
        "schemes/0/steps/0/timeout_sounds/0",
    } <= found


def test_the_walk_comes_by_every_former_name() -> None:
    found = {
        (case.where[place], name)
        for of_one in CASES.values()
        for case in of_one
        for place, name in case.former.items()
    }
    assert found == {
        (now, former.name) for _, now, former in former_names() if former.name not in FORMER_TABLES
    }


# What must be as before


def stays_outside(mine: Project, folder: Path) -> None:
    """Demand that the project reaches nothing of the machine."""
    for address, port in INSIDE:
        assert why_not_called(mine, address, port)
        assert refusal(address, port, AllowedNetworks.parse(mine.allowed_networks))
    _files(mine, folder)
    assert [text for text in texts(mine) if {"\r", "\n"} & set(text)] == []


async def unharmed(store: SqliteStore, before: str) -> None:
    """Demand that the other project is as it was."""
    versions = {stored.id: stored for stored in await store.projects()}
    assert set(versions) == {"victim", "mine"}
    assert (versions["victim"].version, versions["victim"].document) == (1, before)
    directory = await load_directory(store)
    _look_ups(directory)
    _calls(directory)


def _look_ups(directory: ProjectDirectory) -> None:
    for spelling in ("380800333444", "+380800333444"):
        found = directory.number(spelling)
        assert found is not None
        assert found[0].project.id == "victim"
    having = directory.account("olga")
    assert having is not None
    assert having[0].project.id == "victim"


def _calls(directory: ProjectDirectory) -> None:
    """Let the other's telephone and carrier call, by password and by network."""
    olga, carrier = ("olga", "victims-password"), ("carrier-v", "carriers-password")
    for user, password in (olga, carrier):
        for host in (STRANGER, VICTIMS_CARRIER):
            known = calls(directory, host, user, "380501112233", password)
            assert isinstance(known, KnownPeer)
            assert known.project == "victim"
    by_network = calls(directory, VICTIMS_CARRIER, "+380441112233", "380800333444")
    assert isinstance(by_network, KnownPeer)
    assert by_network.project == "victim"
    for host in (STRANGER, VICTIMS_CARRIER):
        for user in ("olga", "anonymous"):
            known = calls(directory, host, user, "380501112233")
            assert isinstance(known, AuthRejection) or known.project == "victim"


def calls(
    directory: ProjectDirectory, host: str, user: str, callee: str, password: str = ""
) -> KnownPeer | AuthRejection:
    """Place a call, with the proof of a password where one is given."""
    door, source = Authenticator("switchhook", b"0123456789abcdef"), Peer("UDP", host, 5060)
    asked = request(
        uri=f"sip:{callee}@192.0.2.1",
        from_=f"<sip:{user}@192.0.2.1>;tag=a",
        to=f"<sip:{callee}@192.0.2.1>",
    )
    turned = door.caller(asked, source, directory, 1.0)
    if not password or not isinstance(turned, AuthRejection):
        return turned
    challenge = asked.response(turned.status, headers=turned.headers)
    header = answer_challenge(challenge, "INVITE", asked.uri, user, password, cnonce="c")
    proved = replace(asked, headers=asked.headers.add(*header))
    return door.caller(proved, source, directory, 1.0)


def _files(mine: Project, folder: Path) -> None:
    """Let no file be heard, or told of, that is not the project's own."""
    files = SoundFiles(folder)
    files.prepare(mine)
    for sound in mine.sounds:
        assert files.sound("mine", sound.file) is None
    notes = " ".join(missing_sounds(folder, mine))
    assert "is no WAV file" not in notes
    assert "cannot be read" not in notes


def texts(value: object, name: str = "") -> Iterator[str]:
    """Yield every text in a value that is no body of a message: those may have lines."""
    if isinstance(value, str) and name not in {"text", "body"}:
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item, name)
    elif is_dataclass(value):
        for one in fields(value):
            yield from texts(getattr(value, one.name), one.name)


@pytest.mark.slow
@pytest.mark.row("FD-05", "FD-06")
@pytest.mark.parametrize("name", CASES)
def test_no_key_of_a_project_file_reaches_another_project_or_the_machine(
    name: str, tmp_path: Path
) -> None:
    sounds = tmp_path / "sounds" / "victim"
    sounds.mkdir(parents=True)
    (sounds / "secret.wav").write_bytes(write_wav(bytes(1600)))
    (tmp_path / "switchhook.db").write_bytes(b"x")

    async def scenario() -> None:
        store = await SqliteStore.open(None)
        assert not isinstance(await apply_project(store, VICTIM), Mistakes)
        before = next(one.document for one in await store.projects() if one.id == "victim")
        for case in CASES[name]:
            own = "".join(f"{key} = {toml(item)}\n" for key, item in case.document.items())
            applied = await apply_project(store, own)
            assert not isinstance(applied, Mistakes), str(applied)
            for value in (*THEIRS, *INWARD):
                wished = changed(case, value)
                mine = read_project(wished)
                if isinstance(mine, Mistakes):
                    continue
                if not isinstance(await apply_project(store, wished, only="mine"), Mistakes):
                    stays_outside(mine, tmp_path)
                    if value in THEIRS:
                        await unharmed(store, before)
        await unharmed(store, before)
        await store.close()

    run(scenario(), deadline=100.0)
