"""A whole running Switchhook with real parts around it: telephones, a trunk, endpoints."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from switchhook.domain.event import EventKind
from switchhook.domain.project import Number, Project, Sound, Trunk
from switchhook.domain.scheme import AskStep, RingStep, Scheme, Step
from switchhook.domain.target import Target, TargetKind
from switchhook.domain.webhook import DialPlanWebhook, Field, ForwardingNumber
from switchhook.operations.sounds import SOUNDS
from switchhook.sip.rtp.wav import write_wav
from tests.support.events import web_event
from tests.support.server import Server
from tests.support.sipp import Sipp, Traced
from tests.support.wire import Endpoint, Received, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchhook.domain.project import Account

NEXT = "380500000009"
"""What the next location of every scheme here rings; it is picked up at once."""
EVENTS = (EventKind.INCOMING_BEFORE, EventKind.INCOMING_AFTER)
PARAMETERS = ("call_id", "caller_id", "destination_id", "status", "connected_with")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A number that callers dial, and what its scheme does."""

    number: str
    steps: tuple[Step, ...]
    webhooks: tuple[ForwardingNumber, ...] = ()
    dial_plan_webhooks: tuple[DialPlanWebhook, ...] = ()
    insertion_type: str = ""


def asking(number: str, webhook: ForwardingNumber, insertion_type: str = "") -> Line:
    """Return a line that asks a webhook first, and then rings the next location."""
    return Line(
        number=number,
        steps=(AskStep(webhook=webhook.name), ring(NEXT)),
        webhooks=(webhook,),
        insertion_type=insertion_type,
    )


def ring(*numbers: str, timeout: float = 20.0) -> RingStep:
    """Return a step that rings outside numbers together."""
    targets = tuple(Target(kind=TargetKind.NUMBER, value=number) for number in numbers)
    return RingStep(targets=targets, timeout=timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """How the numbers behind the trunk behave; regular expressions of whole numbers."""

    answers: str = NEXT
    busy: str = "none"
    delay: int = 50
    """Milliseconds until a ringing one is picked up."""
    hold: int = 60_000
    """Milliseconds until one that was picked up hangs up."""

    def words(self) -> dict[str, str]:
        """Return what the scenario file is filled with."""
        return {
            "ANSWERS": self.answers,
            "BUSY": self.busy,
            "DELAY": str(self.delay),
            "HOLD": str(self.hold),
        }


def project_of(
    lines: tuple[Line, ...],
    *,
    trunk: int,
    events: Endpoint,
    schemes: tuple[Scheme, ...] = (),
    accounts: tuple[Account, ...] = (),
    fallback: Target | None = None,
) -> Project:
    """Put a project together; the scheme of the first line is 1, of the second 2, and so on."""
    return Project(
        id="house",
        name="House",
        country="UA",
        numbers=tuple(
            Number(number=line.number, scheme=place, insertion_type=line.insertion_type)
            for place, line in enumerate(lines, 1)
        ),
        accounts=accounts,
        trunks=(Trunk(name="carrier", host="127.0.0.1", port=trunk, sources=("127.0.0.1/32",)),),
        schemes=(
            *(
                Scheme(id=place, name=f"line {line.number}", steps=line.steps)
                for place, line in enumerate(lines, 1)
            ),
            *schemes,
        ),
        forwarding_numbers=tuple(webhook for line in lines for webhook in line.webhooks),
        dial_plan_webhooks=tuple(hook for line in lines for hook in line.dial_plan_webhooks),
        events=tuple(
            web_event(
                name=kind.value,
                event=kind,
                url=events.url(f"/{kind.value}"),
                fields=tuple(Field(name=name, parameter=name) for name in PARAMETERS),
            )
            for kind in EVENTS
        ),
        fallback=fallback,
        allowed_sip_hosts=("127.0.0.1",),
        own_sip_hosts=("pbx.example.com",),
        allowed_networks=("127.0.0.0/8",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One call, as it was told afterwards."""

    id: str
    who: str
    """The caller's number, which no other call has."""
    before: dict[str, str]
    after: dict[str, str]
    caller: Sipp
    path: list[dict[str, Any]]
    """The journal, as `switchhook calls CALL --json` prints it."""
    way: str = ""
    """The path in one line, from the same."""

    def happened(self, happening: str) -> list[dict[str, Any]]:
        """Return the journal's entries of one kind."""
        return [entry for entry in self.path if entry["happening"] == happening]

    def facts(self, happening: str) -> dict[str, str]:
        """Return the facts of the only entry of a kind."""
        (entry,) = self.happened(happening)
        return dict(entry["facts"])


@dataclass(kw_only=True)
class House:
    """The running parts."""

    directory: Path
    server: Server
    callee: Sipp
    events: Endpoint
    _callers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def caller(
        self,
        number: str,
        *,
        scenario: str = "e2e_caller",
        talk: int = 100,
        replace: Mapping[str, str] | None = None,
        who: str = "",
        name: str = "",
    ) -> Sipp:
        """Return SIPp that will dial a number once, talk so many milliseconds, and hang up."""
        pair = (number, who or self.stranger())
        return self.callers(pair, scenario=scenario, talk=talk, replace=replace, name=name)

    def callers(
        self,
        *pairs: tuple[str, str],
        scenario: str = "e2e_caller",
        talk: int = 100,
        rate: int = 50,
        replace: Mapping[str, str] | None = None,
        trace: bool = True,
        arguments: tuple[str, ...] = (),
        name: str = "",
    ) -> Sipp:
        """Return SIPp that will make a call for each pair of dialled number and caller."""
        shown = f'"{name}" ' if name else ""
        lines = "".join(f"{number};{who};{shown}\n" for number, who in pairs)
        return Sipp(
            self.directory,
            scenario,
            *("-m", str(len(pairs)), "-r", str(rate), "-d", str(talk), *arguments),
            f"127.0.0.1:{self.server.port}",
            injection=f"SEQUENTIAL\n{lines}",
            replace=replace,
            trace=trace,
        )

    def register(self, *accounts: Account) -> None:
        """Let the telephones of these accounts register; what they do is as `Callee` says."""
        for account in accounts:
            words = {
                "LOGIN": account.login,
                "PASSWORD": account.password,
                "PHONE": str(self.callee.port),
            }
            directory = self.directory / account.login
            server = f"127.0.0.1:{self.server.port}"
            with Sipp(directory, "e2e_register", "-m", "1", server, replace=words) as phone:
                assert phone.wait() == 0, phone.complaints() + self.server.tail()

    def stranger(self) -> str:
        """Return a caller's number that nobody called from yet."""
        return f"38067{next(self._callers):07d}"

    def call(
        self,
        number: str,
        *,
        scenario: str = "e2e_caller",
        talk: int = 100,
        replace: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        who: str = "",
        name: str = "",
    ) -> Story:
        """Dial a number, see the call through to its end, and tell it."""
        who = who or self.stranger()
        with self.caller(
            number, scenario=scenario, talk=talk, replace=replace, who=who, name=name
        ) as caller:
            assert caller.wait(timeout) == 0, caller.complaints() + self.server.tail()
        return self.story(who, caller)

    def story(self, who: str, caller: Sipp) -> Story:
        """Tell the call that came from a number, once it has ended."""
        before, after = self.told_of(who)
        call = before["call_id"]
        assert after["call_id"] == call
        shown = self.server.json("calls", call)
        return Story(
            id=call,
            who=who,
            before=before,
            after=after,
            caller=caller,
            path=shown["journal"],
            way=shown["path"],
        )

    def told_of(self, who: str) -> tuple[dict[str, str], dict[str, str]]:
        """Return the two events of a number's only call, which came once each and in order."""
        self.events.ledger.wait_for(lambda request: _is_of(request, who), count=2)
        told = [request for request in self.events.ledger.requests if _is_of(request, who)]
        assert [request.path[1:] for request in told] == [kind.value for kind in EVENTS]
        first, second = (json.loads(request.body) for request in told)
        return first, second

    def rung(self, who: str, method: str = "INVITE") -> list[str]:
        """Return what was rung behind the trunk for a caller (or cancelled, hung up …), in order."""
        return [message.dialled for message in self.seen(who, method)]

    def seen(self, who: str, method: str = "INVITE") -> list[Traced]:
        """Return the first requests of a method that came to the trunk for a caller."""
        found: dict[str, Traced] = {}
        for message in self.callee.received(method):
            if message.is_from(who):
                found.setdefault(message.header("Call-ID"), message)
        return list(found.values())

    def assert_nothing_runs(self, timeout: float = 5.0) -> None:
        """Fail when a call is still running after a while."""
        end = time.monotonic() + timeout
        while running := [call for call in self.calls() if call["state"] != "ended"]:
            assert time.monotonic() < end, running
            time.sleep(0.2)

    def calls(self) -> list[dict[str, Any]]:
        """Return the newest calls."""
        listed: list[dict[str, Any]] = self.server.json("calls", "--limit", "1000")
        return listed


def _is_of(request: Received, who: str) -> bool:
    return bool(json.loads(request.body)["caller_id"] == who)


@contextlib.contextmanager
def open_house(
    directory: Path,
    lines: tuple[Line, ...],
    *,
    callee: Callee,
    schemes: tuple[Scheme, ...] = (),
    accounts: tuple[Account, ...] = (),
    fallback: Target | None = None,
    neighbour: Project | None = None,
    arguments: tuple[str, ...] = (),
    trace: bool = True,
    sounds: Mapping[str, bytes] | None = None,
    refine: Callable[[Project], Project] = lambda project: project,
    settings: Mapping[str, str] | None = None,
    server: Server | None = None,
) -> Iterator[House]:
    """Start everything around a new server, and the server; stop it all at the end.

    `server` is another than `switchhook serve`.

    `neighbour` is another project on the same server. `sounds` are the project's, as 16-bit PCM by name.
    `refine` changes the project before it is applied. `settings` are further ones of the server.
    `arguments` are further ones of the SIPp behind the trunk; `trace` is whether it keeps what it sees.
    """
    with ExitStack() as stack:
        events = stack.enter_context(Endpoint(lambda _: reply("ok")))
        phones = stack.enter_context(
            Sipp(directory, "e2e_callee", *arguments, replace=callee.words(), trace=trace)
        )
        server = server or Server(directory, settings=settings)
        if neighbour is not None:
            server.apply(neighbour)
        project = project_of(
            lines,
            trunk=phones.port,
            events=events,
            schemes=schemes,
            accounts=accounts,
            fallback=fallback,
        )
        server.apply(refine(_with_sounds(project, server.data_dir, sounds or {})))
        stack.enter_context(server)
        house = House(directory=directory, server=server, callee=phones, events=events)
        yield house
        house.assert_nothing_runs()


def _with_sounds(project: Project, data_dir: Path, sounds: Mapping[str, bytes]) -> Project:
    """Put sounds where the server looks for them, and into the project."""
    folder = data_dir / SOUNDS / project.id
    folder.mkdir(parents=True, exist_ok=True)
    for name, pcm in sounds.items():
        (folder / f"{name}.wav").write_bytes(write_wav(pcm))
    return replace(project, sounds=tuple(Sound(name=name, file=f"{name}.wav") for name in sounds))
