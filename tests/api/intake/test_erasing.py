"""Who is erased is erased from SIP messages and from events that are no calls as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api.intake.test_foreign_events import document
from tests.api.intake.test_sip_messages import kept
from tests.support.brought import brought
from tests.support.loop import run
from tests.support.wire import Endpoint, reply

if TYPE_CHECKING:
    from pathlib import Path

DIGITS = "441112233"


def test_sip_messages_and_foreign_events_of_a_number_go(tmp_path: Path) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        told = document(endpoint.url("/crm"))
        async with brought(tmp_path, told) as web:
            store, call = web.app.store, await kept(web)
            for subject, caller in (("1", "+380441112233"), ("2", "+380449999999")):
                posted = {"subject": subject, "caller": caller, "fields": {"stage": "won"}}
                answer = await web.post("/api/events/deal.changed", posted)
                assert len(answer.json["deliveries"]) == 1
            await web.app.dispatcher.drain()
            assert await store.sip_capture("acme", call) is not None
            assert call in (await store.erasure.calls("acme", DIGITS, after=0)).calls
            assert await store.sip_capture("acme", call) is None
            await store.erasure.traces("acme", "380441112233", DIGITS)
            assert [row.delivery.call for row in await store.deliveries()] == ["deal:2"]

    with Endpoint(lambda _: reply()) as endpoint:
        run(scenario(endpoint))
