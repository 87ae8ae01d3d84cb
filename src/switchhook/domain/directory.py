"""The directory of projects: the current version of each, looked up in memory while a call waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchhook.domain.numbering import international, meanings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchhook.domain.project import Account, Number, ProjectSnapshot, Trunk


class ProjectDirectory:
    """Immutable: a change makes a new directory. Numbers and logins are unique in it.

    User names of trunks are not: carriers give them, and may give two projects the same.
    """

    def __init__(self, snapshots: Iterable[ProjectSnapshot] = ()) -> None:
        self.snapshots = {snapshot.project.id: snapshot for snapshot in snapshots}
        self._numbers: dict[str, tuple[ProjectSnapshot, Number]] = {}
        self._accounts: dict[str, tuple[ProjectSnapshot, Account]] = {}
        self._users: dict[str, list[tuple[ProjectSnapshot, Trunk]]] = {}
        for snapshot in self.snapshots.values():
            for trunk in snapshot.project.trunks:
                if trunk.username and trunk.password:
                    self._users.setdefault(trunk.username, []).append((snapshot, trunk))
            self._numbers.update((n.number, (snapshot, n)) for n in snapshot.project.numbers)
            self._accounts.update((a.login, (snapshot, a)) for a in snapshot.project.accounts)
        self._diallings = tuple(dict.fromkeys(p.project.dialling for p in self.snapshots.values()))

    def number(self, dialled: str) -> tuple[ProjectSnapshot, Number] | None:
        """Find the number of just these digits, with or without `+`."""
        return self._numbers.get(dialled.removeprefix("+"))

    def dialled(self, text: str) -> tuple[tuple[ProjectSnapshot, ...], ...]:
        """Return the projects with a number that may have been dialled, the surest first.

        Just these digits come before any spelling where some numbering plan has them. Other digits are as the
        project writes them (`0442223344` without a country): a spelling of a number in its country comes first.
        A group may hold several: the origin of the call tells them apart.
        """
        exact = self.number(text)
        if exact is not None and exact[1].number == international("+" + exact[1].number, ""):
            return ((exact[0],),)
        found: list[ProjectSnapshot] = []
        for dialling in self._diallings:
            having = (self._numbers.get(digits) for digits in meanings(text, dialling))
            snapshots = (
                snapshot
                for snapshot, _ in filter(None, having)
                if snapshot.project.dialling == dialling
            )
            found += [snapshot for snapshot in snapshots if snapshot not in found]
        if exact is None:
            return (tuple(found),) if found else ()
        others = tuple(snapshot for snapshot in found if snapshot != exact[0])
        return (others, (exact[0],)) if others else ((exact[0],),)

    def account(self, login: str) -> tuple[ProjectSnapshot, Account] | None:
        """Find the account that calls itself `login`."""
        return self._accounts.get(login)

    def users(self, name: str) -> tuple[tuple[ProjectSnapshot, Trunk], ...]:
        """Return the trunks that prove themselves by this user name."""
        return tuple(self._users.get(name, ()))

    def trunks(self) -> tuple[tuple[ProjectSnapshot, Trunk], ...]:
        """Return every project's trunks."""
        return tuple(
            (snapshot, t) for snapshot in self.snapshots.values() for t in snapshot.project.trunks
        )

    def replace(self, snapshot: ProjectSnapshot) -> ProjectDirectory:
        """Return a directory with this version in place of the project's former one."""
        return ProjectDirectory((self.snapshots | {snapshot.project.id: snapshot}).values())
