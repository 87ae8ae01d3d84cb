"""The book: every project's current version, looked up while a call waits. Held in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.numbering import international, meanings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.project import Account, Number, Plan, Trunk


class Book:
    """Immutable: a change makes a new book. Numbers and logins are unique in it.

    User names of trunks are not: carriers give them, and may give two projects the same.
    """

    def __init__(self, plans: Iterable[Plan] = ()) -> None:
        self.plans = {plan.project.id: plan for plan in plans}
        self._numbers: dict[str, tuple[Plan, Number]] = {}
        self._accounts: dict[str, tuple[Plan, Account]] = {}
        self._users: dict[str, list[tuple[Plan, Trunk]]] = {}
        for plan in self.plans.values():
            for trunk in plan.project.trunks:
                if trunk.username and trunk.password:
                    self._users.setdefault(trunk.username, []).append((plan, trunk))
            self._numbers.update((n.number, (plan, n)) for n in plan.project.numbers)
            self._accounts.update((a.login, (plan, a)) for a in plan.project.accounts)
        self._diallings = tuple(dict.fromkeys(p.project.dialling for p in self.plans.values()))

    def number(self, dialled: str) -> tuple[Plan, Number] | None:
        """Find the number of just these digits, with or without `+`."""
        return self._numbers.get(dialled.removeprefix("+"))

    def dialled(self, text: str) -> tuple[tuple[Plan, ...], ...]:
        """Return the projects with a number that may have been dialled, the surest first.

        Just these digits come before any spelling where some numbering plan has them. Other digits are what
        a project calls itself (`0442223344` where no country is set): they come behind a spelling of a number
        in its country. In a group there may be several: only who knows where the call comes from can tell
        them apart.
        """
        exact = self.number(text)
        if exact is not None and exact[1].number == international("+" + exact[1].number, ""):
            return ((exact[0],),)
        found: list[Plan] = []
        for dialling in self._diallings:
            having = (self._numbers.get(digits) for digits in meanings(text, dialling))
            plans = (plan for plan, _ in filter(None, having) if plan.project.dialling == dialling)
            found += [plan for plan in plans if plan not in found]
        if exact is None:
            return (tuple(found),) if found else ()
        others = tuple(plan for plan in found if plan != exact[0])
        return (others, (exact[0],)) if others else ((exact[0],),)

    def account(self, login: str) -> tuple[Plan, Account] | None:
        """Find the account that calls itself `login`."""
        return self._accounts.get(login)

    def users(self, name: str) -> tuple[tuple[Plan, Trunk], ...]:
        """Return the trunks that prove themselves by this user name."""
        return tuple(self._users.get(name, ()))

    def trunks(self) -> tuple[tuple[Plan, Trunk], ...]:
        """Return every project's trunks."""
        return tuple((plan, t) for plan in self.plans.values() for t in plan.project.trunks)

    def replace(self, plan: Plan) -> Book:
        """Return a book with this version in place of the project's former one."""
        return Book((self.plans | {plan.project.id: plan}).values())
