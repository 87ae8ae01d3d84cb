"""Over HTTP programs see what endpoints cost."""

from __future__ import annotations

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
