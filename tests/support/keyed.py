"""Calls in which the caller hears prompts and presses keys: played on real telephones, or simulated."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from switchhook.domain.journal import EntryKind, JournalEntry
from switchhook.drivers.simulator.clock import VirtualClock
from switchhook.drivers.simulator.driver import SimulatedCall, SimulatedDriver
from switchhook.drivers.simulator.script import SimulatedCaller, answering
from switchhook.routing.admission import OfferedCall
from switchhook.routing.commands import Play
from switchhook.softphone.phone import PhoneCall, RefusedError, Softphone
from switchhook.webhooks.http import Exchange, HttpResponse
from tests.conformance.drivers import Memory, line, switchboard
from tests.support.tones import heard as loud
from tests.support.tones import tone, voice

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from switchhook.domain.project import ProjectSnapshot
    from switchhook.webhooks.http import HttpRequest

SOUNDS = {"start": 800, "error": 1200, "late": 1600}
"""The prompts, each a tone."""
LENGTH = 0.6
"""Seconds of each prompt, on real telephones."""
HANG_UP = "!"
"""Stands behind the keys of a caller who then hangs up."""
LOUD = 3000.0
WINDOW = 800
"""Samples by which a sound is known."""
LONGEST = 60.0
"""Seconds after which every call has long ended."""


def prompts() -> dict[str, bytes]:
    """Return the sounds of a project."""
    return {name: tone(hertz, LENGTH) for name, hertz in SOUNDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Who calls what, and which keys they press when they hear which prompt."""

    number: str
    who: str
    cues: tuple[tuple[str, str], ...]
    """The prompts that will be heard, in order, with the keys that are then pressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of it. Simulated and real calls have to tell the same."""

    prompts: tuple[str, ...]
    codes: tuple[str, ...]
    """Of the requests that the endpoint got."""
    journal: tuple[str, ...]
    events: tuple[str, ...]
    end: str


# On real telephones


async def dial(server: int, snapshot: Dial, *, hangs_up_after: float = LONGEST) -> tuple[str, ...]:
    """Call, listen and press; return the prompts that were heard, once the call is over."""
    async with Softphone(snapshot.who) as phone:
        call = await phone.call(f"sip:{snapshot.number}@127.0.0.1:{server}")
        call.tone.kept = bytearray()
        call.tone.voice = voice(400)
        listening = Listening(call, snapshot)
        try:
            async with asyncio.timeout(hangs_up_after):
                await call.answered()
                await listening.listen()
        except RefusedError:
            return ()
        except TimeoutError:
            call.end()
        return tuple(listening.heard)


@dataclass
class Listening:
    """A caller's ear and finger."""

    call: PhoneCall
    snapshot: Dial
    heard: list[str] = field(default_factory=list)
    _hears: str = ""
    _length: int = 0
    _quiet: int = 0
    _begin: int = 0
    """Where what is looked at begins: behind the last pause."""

    async def listen(self) -> None:
        """Listen until the call is over."""
        while not self.call.is_over:
            await asyncio.sleep(0.02)
            now = self._sound()
            if now in SOUNDS and now != self._hears:
                self.heard.append(now)
                await self._press(len(self.heard) - 1)
            self._hears = now

    def _sound(self) -> str:
        """Say which sound is being heard, by its last tenth of a second."""
        kept = self.call.tone.kept or bytearray()
        self._quiet = 0 if len(kept) > self._length else self._quiet + 1
        self._length = len(kept)
        if self._quiet > 10:
            self._begin = self._length
        last = bytes(kept[max(self._begin, self._length - WINDOW) :])
        if len(last) < WINDOW:
            return ""
        return next((name for name, hertz in SOUNDS.items() if loud(last, hertz) > LOUD), "")

    async def _press(self, place: int) -> None:
        keys = self.snapshot.cues[place][1] if place < len(self.snapshot.cues) else ""
        self.call.press(keys.removesuffix(HANG_UP))
        if keys.endswith(HANG_UP):
            await asyncio.sleep(1.0)  # until the keys are out
            self.call.end()


def entries(journal: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return a printed journal, a line for each entry."""
    return tuple(
        line(
            JournalEntry(
                seq=place,
                at=0.0,
                kind=EntryKind(entry["happening"]),
                leg=entry["leg"],
                facts=tuple(entry["facts"].items()),
            )
        )
        for place, entry in enumerate(journal, 1)
    )


# Simulated


@dataclass(slots=True)
class Answering(Memory):
    """Everything besides telephones; the endpoint answers by the code."""

    bodies: Mapping[str, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)

    async def ask(self, call: object, request: HttpRequest, **_: float | None) -> Exchange:  # noqa: ARG002 -- the Protocol's
        (code,) = parse_qs(urlsplit(request.url).query)["code"]
        self.codes.append(code)
        body = self.bodies[code].encode()
        response = HttpResponse(status=200, reason="OK", headers=(), body=body)
        return Exchange(request=request, response=response, failure=None)


async def simulate(
    snapshot: ProjectSnapshot, called: Dial, bodies: Mapping[str, str], *, phones: Iterable[str]
) -> Heard:
    """Play the same call in virtual time; `phones` are the numbers that pick up, and soon hang up."""
    clock = VirtualClock(1_760_000_000.0)
    driver = SimulatedDriver(clock, {number: answering(0.05, talks=0.3) for number in phones})
    memory = Answering(b"", bodies=bodies)
    offered = OfferedCall(
        caller=called.who,
        caller_name="",
        callee=called.number,
        trunk="carrier",
        project=snapshot.project.id,
    )
    hangs_up = any(keys.endswith(HANG_UP) for _, keys in called.cues)
    call = driver.place(SimulatedCaller(offered=offered, gives_up_after=1.0 if hangs_up else None))
    board = switchboard(snapshot, driver, memory, clock)
    finger = Finger(clock, driver, call, called)
    async with AsyncExitStack() as stack:
        await board.start(stack, lambda _project, _version: snapshot)
        finger.watch()
        await clock.run(clock.now() + LONGEST)
    await board.idle()
    told = memory.told(iter(()))
    return Heard(
        prompts=tuple(finger.heard),
        codes=tuple(memory.codes),
        journal=told.journal,
        events=told.events,
        end=told.end,
    )


@dataclass
class Finger:
    """Presses the keys of a simulated caller, shortly after each prompt has begun."""

    clock: VirtualClock
    driver: SimulatedDriver
    call: SimulatedCall
    snapshot: Dial
    heard: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Look what was played; look again a little later."""
        played = [command for _, command in self.call.heard if isinstance(command, Play)]
        for command in played[len(self.heard) :]:
            (sound,) = command.sounds
            place = len(self.heard)
            self.heard.append(sound)
            self._press(self.snapshot.cues[place][1] if place < len(self.snapshot.cues) else "")
        if self.clock.now() < 1_760_000_000.0 + LONGEST:
            self.clock.call_at(self.clock.now() + 0.1, self.watch)

    def _press(self, keys: str) -> None:
        for key in keys.removesuffix(HANG_UP):
            self.driver.press(self.call.id, key)
