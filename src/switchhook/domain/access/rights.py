"""What acts need, for every door: a role in the project, and a scope of whatever key opens it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from switchhook.domain.access.people import Role
from switchhook.domain.access.token import Scope


class ShownNumbers(Enum):
    """Whether telephone numbers of calls are in an answer."""

    NONE = auto()
    MASKABLE = auto()
    """It is JSON, in which they can be masked."""
    FULL = auto()
    """They cannot be masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What an act needs, and how it is treated."""

    role: Role
    scope: Scope | None
    """None: any will do."""
    secrets: Role | None = None
    """The role that it needs where secrets are asked for; None: it shows none."""
    numbers: ShownNumbers = ShownNumbers.NONE
    """Whether the numbers of callers are in what it answers."""
    is_audited: bool = True
    """Whether a change by it is written to the audit log; a refusal always is."""

    def refusal(self, role: Role | None, scope: Scope, *, with_secrets: bool = False) -> str:
        """Return why somebody of a role with a key of a scope may not, in a sentence; "" where they may.

        It tells of them alone, and nothing of projects.
        """
        if self.scope is not None and not scope.includes(self.scope):
            return f"this token is good for {scope} only; this needs one of scope {self.scope}"
        needed = self.secrets if with_secrets and self.secrets is not None else self.role
        if role is None or not role.includes(needed):
            shown = " to show secrets" if needed is not self.role else ""
            return f"your role is {role or 'none'}; this needs the role {needed}{shown}, so ask an owner for it"
        return ""


SEE_ACCOUNT: Final = Need(role=Role.VIEWER, scope=None)
READ_SUBSCRIPTIONS: Final = Need(role=Role.VIEWER, scope=Scope.SUBSCRIPTIONS)
CHANGE_SUBSCRIPTIONS: Final = Need(role=Role.EDITOR, scope=Scope.SUBSCRIPTIONS)
READ_EVENTS: Final = Need(role=Role.VIEWER, scope=Scope.EVENTS, numbers=ShownNumbers.MASKABLE)
FOLLOW_EVENTS: Final = replace(READ_EVENTS, numbers=ShownNumbers.FULL)
READ_CALLS: Final = Need(role=Role.VIEWER, scope=Scope.CALLS, numbers=ShownNumbers.MASKABLE)
EXPORT_CALLS: Final = replace(READ_CALLS, numbers=ShownNumbers.FULL)
"""Also what follows them live."""
TELL_VISITS: Final = Need(role=Role.EDITOR, scope=Scope.VISITS, is_audited=False)
"""A website tells of each of its visitors: that is no act of a person."""
TELL_EVENTS: Final = Need(role=Role.EDITOR, scope=Scope.INTAKE, is_audited=False)
"""Another telephone system, or a website, tells of all that happens there: that is no act of a person."""
READ_PROJECT: Final = Need(role=Role.VIEWER, scope=Scope.PROJECT, secrets=Role.EDITOR)
READ_SECRETS: Final = Need(role=Role.EDITOR, scope=Scope.PROJECT, secrets=Role.EDITOR)
"""Project files: there is nothing in them without secrets."""
CHANGE_PROJECT: Final = Need(role=Role.EDITOR, scope=Scope.PROJECT)
CHECK_PROJECT: Final = Need(role=Role.EDITOR, scope=Scope.PROJECT, is_audited=False)
"""Nothing is changed by it."""
READ_DELIVERIES: Final = Need(role=Role.VIEWER, scope=Scope.PROJECT, numbers=ShownNumbers.MASKABLE)
READ_REHEARSALS: Final = READ_DELIVERIES
READ_TABLES: Final = READ_DELIVERIES
"""What is wrong with a table quotes its cells, in which callers stand."""
ACT_ON_DELIVERIES: Final = Need(role=Role.EDITOR, scope=Scope.PROJECT)
ACT_ON_CALLS: Final = Need(role=Role.EDITOR, scope=Scope.PROJECT)
READ_SIP: Final = Need(role=Role.EDITOR, scope=Scope.PROJECT)
"""SIP messages hold the numbers that callers withhold."""
HEAR_RECORDINGS: Final = Need(role=Role.EDITOR, scope=Scope.PROJECT)
"""A link can be passed on to anybody."""
DELETE_RECORDINGS: Final = Need(role=Role.ADMIN, scope=Scope.PROJECT)
MANAGE_PEOPLE: Final = Need(role=Role.ADMIN, scope=Scope.ADMIN)
"""Members with their roles, tokens; the rules of `operations/people` say who may give what."""
READ_AUDIT: Final = Need(role=Role.ADMIN, scope=Scope.ADMIN)
ERASE_PERSONS: Final = Need(role=Role.ADMIN, scope=Scope.ADMIN)
