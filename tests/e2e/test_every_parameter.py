"""Each of the vendor's 47 parameters, and of ours, says over the wire what its row says of the time before the call (R1-40…85, R1-111, R4-09…24)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchhook.domain.tracking.caller_history import Visit
from switchhook.webhooks.parameters import CATALOGUE, VENDORS
from tests.e2e.test_asked_bytes import House, answering, body_of, known, run
from tests.support.wire import Endpoint, by_path, reply

if TYPE_CHECKING:
    from switchhook.tracking.memory import Memory

ARGUMENTS = {"constant": "constant:shop-1", "custom": "custom:city"}
PARAMETERS = ",\n".join(
    f'{{ name = "{key}", value = "{ARGUMENTS.get(key, key)}" }}' for key in CATALOGUE
)
SAYS = """
url = "@URL@"
submission = "json"
ring_timeout = 90
parameters = [
@PARAMETERS@
]
""".replace("@PARAMETERS@", PARAMETERS)

OF_CALL = {
    "caller_id": "380441112233",
    "destination_id": "380442223344",
    "date": "2018-08-13 11:11:11",
    "full_length": "0",
    "type": "in",
    "conversation": "0",
    "recording": "3333333333.3333333",
    "forward_location": "webhookNumber:90",
    "scheme_name": "Main",
    "call_id": "3333333333.3333333",
    "project_id": "0000",
    "constant": "shop-1",
    "event_time": "2018-08-13 11:11:11",
    "direction": "incoming",
    "attempts": "0",
    "recording_duration": "0",
    "voicemail_duration": "0",
}
OF_NUMBER = {"call_count": "1", "unique_call": "1", "e164": "+380441112233"}
OF_CALLER = OF_NUMBER | {
    "manager_id": "1111",
    "responsible_manager": "Иван Иванов",
    "department": "Отдел продаж",
    "outbound_number": "380671234567",
}
OF_VISIT = {
    "source": "ringostat",
    "medium": "support",
    "campaign": "webhook_number",
    "keyword": "test",
    "content": "simple_webhook_number_test",
    "google_analytics_id": "1479099944.1534841744",
    "google_analytics_resource_id": "UA-11111111-1",
    "visitor_ip": "10.10.10.10",
    "last_page": "ringostat.com/?utm_source=ringostat&utm_medium=support"
    "&utm_campaign=hook_number&utm_term=test",
    "landing_page": "ringostat.com/?utm_source=ringostat&utm_medium=support"
    "&utm_campaign=hook_number&utm_term=test",
    "referrer": "search.example",
    "insertion_type": "dynamic",
    "pool_name": "site",
    "user_agent": "Mozilla/5.0 (Linux; Android 8.0.0; LND-L29 Build/HONORLND-L29; wv)"
    " AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/96.0.4664.45 Mobile Safari/537.36",
    "custom": "Київ",
    "roistat_visit_id": "17541",
    "visit_id": "v",
}
TRACKED = {
    "marker": "fb_new",
    "order_id": "123456789",
    "order_field": "VIP",
    "domain": "test.com",
    "city": "Київ",
    "country": "Україна",
    "first_visit": "1001",
    **{f"roistat_param_{place}": f"value {place}" for place in range(1, 6)},
    "source_level_1": "fb",
    "source_level_2": "new",
}
"""What call tracking knows of a visit besides."""
EMPTY = dict.fromkeys(CATALOGUE, "")
"""What is in none of these is empty before the call: it cannot be tracked, or nobody knows it."""


def visited() -> Memory:
    """Return what is known of the sample's caller and visitor, and what else a visit brings."""
    memory = known()
    visit = memory.visit("0000", "v")
    assert visit is not None
    more = {"custom:city": "Київ", "referrer": "search.example", "pool_name": "site"} | TRACKED
    memory.put_visit(Visit(project="0000", id="v", attributes=(*visit.attributes, *more.items())))
    return memory


ROWS = [parameter.row for parameter in VENDORS.values()]


@pytest.mark.row(*ROWS, "A-14", "A-15", "A-16", "A-17", "A-18", "A-19")
@pytest.mark.parametrize(
    ("is_known", "caller", "expected"),
    [
        (True, "380441112233", OF_CALL | OF_CALLER | OF_VISIT | TRACKED),
        (False, "380441112233", OF_CALL | OF_NUMBER),
        (False, "0441112233", OF_CALL | OF_NUMBER | {"caller_id": "0441112233"}),
        (False, "", OF_CALL | {"caller_id": ""}),
    ],
    ids=["visitor", "stranger", "national", "withheld"],
)
def test_before_the_call_each_parameter_says_what_is_known(
    caller: str, expected: dict[str, str], *, is_known: bool
) -> None:
    with Endpoint(answering()) as web:

        async def story(house: House) -> None:
            await house.call(caller=caller)

        run(SAYS.replace("@URL@", web.url("/r")), story, visited() if is_known else None)
        (request,) = web.ledger.requests

    assert body_of(request) == EMPTY | expected
    assert list(body_of(request)) == list(CATALOGUE)


LATER = """
[[forwarding_numbers]]
name = "silent"
url = "@URL@silent"

[[forwarding_numbers]]
name = "later"
url = "@URL@later"
submission = "json"
ring_timeout = 7.5
parameters = [
@PARAMETERS@
]

[[schemes]]
id = 3
name = "Later"

[[schemes.steps]]
ask = "silent"

[[schemes.steps]]
ask = "later"
""".replace("@PARAMETERS@", PARAMETERS)


@pytest.mark.row("R1-42", "R1-61", "R1-73", "R1-126", "A-08", "A-14", "S-02")
def test_a_later_location_is_told_of_its_own_scheme_and_of_the_one_before_it() -> None:
    answers = by_path(
        {
            "/first": reply('{"schema":3}'),
            "/silent": reply("{}"),
            "/later": reply('{"dst_phone":"380443334455"}'),
        }
    )
    with Endpoint(answers) as web:
        says = f'url = "{web.url("/first")}"\n' + LATER.replace("@URL@", web.url("/"))

        async def story(house: House) -> None:
            assert await house.call() == ["380443334455"]

        run(says, story, visited())
        last = web.ledger.requests[-1]

    expected = OF_CALL | OF_CALLER | OF_VISIT | TRACKED
    expected |= {
        "status": "NO-FORWARD",
        "forward_location": "webhookNumber:7",
        "scheme_name": "Later",
    }
    assert body_of(last) == EMPTY | expected
