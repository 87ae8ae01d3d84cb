"""The script of a simulated or real call: the caller, the callee, and each telephone's behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchhook.domain.grouping import dialled_number
from switchhook.domain.journal import EntryKind
from switchhook.domain.scheme import DTMF_KEYS
from switchhook.domain.target import written_number
from switchhook.drivers.simulator.script import (
    BUSY,
    DECLINED,
    NOBODY,
    SimulatedPhone,
    answering,
    refusing,
    ringing_out,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from switchhook.domain.journal import JournalEntry
    from switchhook.domain.project import ProjectSnapshot

PHONES: Mapping[str, SimulatedPhone] = {
    "answers": answering(3.0, talks=10.0),
    "busy": refusing(BUSY),
    "declines": refusing(DECLINED, after=2.0, rings=True),
    "rings": ringing_out(),
    "gone": NOBODY,
}
"""The behaviours of a simulated telephone; the default is to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The caller, the callee, and the scripts of all telephones."""

    caller: str
    """A number, empty where it is withheld; or the login of an account, which then calls."""
    callee: str
    caller_name: str = ""
    digits: tuple[str, ...] = ()
    """The keys for each prompt, in turn."""
    phones: Mapping[str, str] = field(default_factory=dict)
    """The behaviour of the telephone behind a number or login, by the names of `PHONES`."""
    answers: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    """Bodies that stand in for what a webhook would answer, in turn; the last one stays."""
    patience: float = 300.0
    """Seconds after which a caller without an answer hangs up."""

    def __post_init__(self) -> None:
        for digits in self.digits:
            if not digits or set(digits) - set(DTMF_KEYS):
                raise ValueError(f"{digits!r} cannot be keyed; the keys are {DTMF_KEYS}")
        for phone, does in self.phones.items():
            if does not in PHONES:
                raise ValueError(f"{phone} cannot be {does!r}; telephones do {', '.join(PHONES)}")

    def does(self, target: str) -> str:
        """Return what the telephone of a target does."""
        said = (does for phone, does in self.phones.items() if _is_same(phone, target))
        return next(said, "answers")

    def left_over(
        self, journal: Iterable[JournalEntry], *, keyed: int, asked: Mapping[str, int]
    ) -> Iterator[str]:
        """Say what of the script did not come to pass.

        `keyed` is how many of `digits` were pressed, `asked` how many answers each webhook had to give.
        """
        dialled = [
            dict(entry.facts).get("target", "")
            for entry in journal
            if entry.kind is EntryKind.DIALLED
        ]
        for phone, does in self.phones.items():
            if not any(_is_same(phone, target) for target in dialled):
                yield f"--phone {phone}={does}: {phone} was not called"
        for digits in self.digits[keyed:]:
            yield f"--digits {digits}: no keys were waited for{' any more' if keyed else ''}"
        for name, bodies in self.answers.items():
            if not asked.get(name):
                yield f"--answer {name}: it was not asked"
            elif asked[name] < len(bodies):
                yield f"--answer {name}: {asked[name]} of {len(bodies)} answers were asked for"


def as_dialled(text: str, snapshot: ProjectSnapshot) -> str:
    """Return a number without what people write between its digits; anything else as it stands."""
    if snapshot.has_name(text):
        return text
    return dialled_number(text, snapshot.project.dialling, snapshot.has_name) or text


def _is_same(phone: str, target: str) -> bool:
    """Say whether this is the target's telephone; a number's is, in whatever spelling."""
    number = written_number(phone).removeprefix("+")
    return phone == target or (bool(number) and number == target.removeprefix("+"))
