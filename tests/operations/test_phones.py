"""The list of telephones names those whose time is not over, and survives what cannot be read."""

from __future__ import annotations

from structlog.testing import capture_logs

from switchhook.drivers.embedded.registrations import to_text
from switchhook.operations.phones import RegisteredPhone, list_phones
from switchhook.sip.ua.registrar import Binding
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.transport import Peer
from tests.support.loop import run


class Store:
    def __init__(self, *rows: tuple[str, str, str]) -> None:
        self.rows = rows

    async def all_registrations(self) -> tuple[tuple[str, str, str], ...]:
        return self.rows


def binding(login: str, expires_at: float) -> Binding:
    return Binding(
        contact=NameAddress.parse(f"<sip:{login}@10.0.0.5>"),
        source=Peer("TCP", "2001:db8::5", 5062, 9),
        expires_at=expires_at,
        call_id="c",
        cseq=1,
        user_agent="Deskphone 3",
    )


def listed(store: Store, project: str | None = None) -> list[str]:
    async def scenario() -> tuple[RegisteredPhone, ...]:
        return await list_phones(store, now=100.0, project=project)

    return [f"{one.project} {one.account} {one.expires_at:g}" for one in run(scenario())]


def test_who_is_registered_is_listed_by_project_and_account() -> None:
    store = Store(
        ("shop", "mary", to_text((binding("mary", 160.0), binding("mary", 99.0)), 0.0)),
        ("acme", "101", to_text((binding("101", 130.0),), 0.0)),
        ("acme", "100", ""),
    )

    assert listed(store) == ["acme 101 130", "shop mary 160"]
    assert listed(store, "acme") == ["acme 101 130"]


def test_where_and_what_it_is() -> None:
    async def scenario() -> RegisteredPhone:
        (one,) = await list_phones(
            Store(("shop", "mary", to_text((binding("mary", 160.0),), 0.0))), now=1.0
        )
        return one

    assert run(scenario()) == RegisteredPhone(
        project="shop",
        account="mary",
        contact="sip:mary@10.0.0.5",
        address="[2001:db8::5]:5062",
        transport="tcp",
        user_agent="Deskphone 3",
        expires_at=160.0,
    )


def test_what_cannot_be_read_costs_its_own_row() -> None:
    good = to_text((binding("101", 130.0),), 0.0)
    with capture_logs() as logs:
        assert listed(Store(("acme", "100", "{"), ("acme", "101", good))) == ["acme 101 130"]
    assert [line["event"] for line in logs] == ["registration not read"]
