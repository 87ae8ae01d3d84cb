"""Over HTTP programs see what endpoints cost."""

from __future__ import annotations

from switchhook.storage.shadows import ShadowAsk
from tests.operations.calls.test_endpoint_cost import filled
from tests.support.loop import run
from tests.support.rehearsed import BEGAN
from tests.support.web import serving

COST = "/api/projects/acme/endpoints/cost"


def test_what_endpoints_cost_is_told_of_the_own_project() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.now = BEGAN + 60
            await filled(web.store, project="acme")
            told = (await web.ask("GET", COST)).json
            assert (told["calls"], told["is_cut"]) == (6, False)
            assert [(one["webhook"], one["asks"]) for one in told["webhooks"]] == [
                ("crm", 4),
                ("names", 0),
            ]
            assert (await web.ask("GET", f"{COST}?since=10s")).json["webhooks"] == []
            assert (await web.ask("GET", f"{COST}?since=soon")).status == 400
            assert (await web.ask("GET", f"{COST}?until=soon")).status == 400
            assert (await web.ask("GET", COST, key="other")).status == 404
            assert (await web.ask("GET", COST, key="calls")).status == 403

    run(scenario())


SHADOWS = "/api/projects/acme/endpoints/shadows"


def test_what_shadows_said_is_told_of_the_own_project() -> None:
    async def scenario() -> None:
        async with serving() as web:
            web.now = 1_000.0
            for number, said in enumerate(("101", "102"), 1):
                await web.store.shadows.add(shadow(number, said))
                await web.store.shadows.add(shadow(number, said, project="other"))
            told = (await web.ask("GET", SHADOWS)).json
            assert [(one["ask"], one["answer"], one["shadow_answer"]) for one in told["asks"]] == [
                ("c-2", "101", "102")
            ]
            assert told["webhooks"] == [
                {
                    "webhook": "crm",
                    "asks": 2,
                    "different": 1,
                    "seconds": 0.1,
                    "shadow_seconds": 0.3,
                }
            ]
            assert len((await web.ask("GET", f"{SHADOWS}?same=true")).json["asks"]) == 2
            assert (await web.ask("GET", f"{SHADOWS}?webhook=x")).json["asks"] == []
            assert (await web.ask("GET", f"{SHADOWS}?since=soon")).status == 400
            assert (await web.ask("GET", SHADOWS, key="calls")).status == 403

    run(scenario())


def shadow(number: int, said: str, project: str = "acme") -> ShadowAsk:
    return ShadowAsk(
        project=project,
        call="c",
        ask=f"c-{number}",
        webhook="crm",
        at=900.0 + number,
        first="101",
        shadow=said,
        first_seconds=0.1,
        shadow_seconds=0.3,
    )
