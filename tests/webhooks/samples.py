"""One project, one call and their wire images, as the behaviour table's scenarios have them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from switchhook.domain.call import Call, Direction
from switchhook.domain.event import EventKind, EventWebhook
from switchhook.domain.project import Account, Number, Plan, Project
from switchhook.domain.scheme import Ask, Scheme
from switchhook.domain.webhook import DialPlanWebhook, Field, ForwardingNumber
from switchhook.webhooks.http import HttpResponse
from switchhook.webhooks.parameters import Facts, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.url import Values

UA = "UA"
ARRIVED = 1534147871.0
"""2018-08-13 11:11:11 in Kyiv."""

VISIT = {
    "call_count": "1",
    "source": "ringostat",
    "medium": "support",
    "campaign": "webhook_number",
    "keyword": "test",
    "content": "simple_webhook_number_test",
    "google_analytics_id": "1479099944.1534841744",
    "visitor_ip": "10.10.10.10",
    "last_page": "ringostat.com/?utm_source=ringostat&utm_medium=support"
    "&utm_campaign=hook_number&utm_term=test",
    "landing_page": "ringostat.com/?utm_source=ringostat&utm_medium=support"
    "&utm_campaign=hook_number&utm_term=test",
    "google_analytics_resource_id": "UA-11111111-1",
    "additional_number": "3",
    "additional_number:id": "102",
    "custom": "http://ringostat.com/?utm_source=ringostat&utm_medium=support"
    "&utm_campaign=hook_number&utm_term=test",
    "custom:city": "Київ",
    "roistat_visit_id": "17541",
    "responsible_manager": "Иван Иванов",
    "department": "Отдел продаж",
    "proper": "1",
    "repeated": "0",
    "manager_id": "1111",
    "outbound_number": "380671234567",
    "user_agent": "Mozilla/5.0 (Linux; Android 8.0.0; LND-L29 Build/HONORLND-L29; wv)"
    " AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/96.0.4664.45 Mobile Safari/537.36",
    "recording_wav_link": "https://app.ringostat.com/recordings/ua8_-11111111111.1111111.wav"
    "?token=462908f128343fc23862397ddd638953",
}
"""What is known of the visitor of S-05."""


def make_number(**changes: Any) -> ForwardingNumber:
    """Make the forwarding number of S-01, with `keep_alive` off as in the scenarios' images."""
    settings: dict[str, Any] = {
        "name": "PHP demo",
        "url": "http://target/route.php",
        "ring_timeout": 90.0,
        "keep_alive": False,
    }
    return ForwardingNumber(**(settings | changes))


def make_dial_plan(**changes: Any) -> DialPlanWebhook:
    """Make the dial-plan webhook of S-22, with `keep_alive` off as in the scenarios' images."""
    settings: dict[str, Any] = {
        "name": "routing",
        "url_template": "http://target/route?callerid={callerid}",
        "keep_alive": False,
    }
    return DialPlanWebhook(**(settings | changes))


def make_event(**changes: Any) -> EventWebhook:
    settings: dict[str, Any] = {
        "name": "after",
        "event": EventKind.INCOMING_AFTER,
        "url": "http://target/after",
        "send_id": False,
    }
    return EventWebhook(**(settings | changes))


def make_plan(**changes: Any) -> Plan:
    settings: dict[str, Any] = {
        "id": "0000",
        "name": "Sample",
        "country": "UA",
        "time_zone": "Europe/Kyiv",
        "numbers": (
            Number(number="380442223344", scheme=1, insertion_type="dynamic", pool="site"),
            Number(number="380442223355", scheme=1, insertion_type="static"),
            Number(number="380442223366", scheme=1, insertion_type="callback"),
            Number(number="380442223377", scheme=1),
        ),
        "accounts": (Account(login="agent7", password="-"), Account(login="101", password="-")),
        "schemes": (
            Scheme(id=1, name="Office", steps=(Ask(webhook="PHP demo"),)),
            Scheme(id=26076, name="Shop", steps=()),
        ),
        "forwarding_numbers": (make_number(),),
        "allowed_sip_hosts": ("sip.partner.example", "192.0.2.7"),
    }
    return Plan(Project(**(settings | changes)))


PLAN = make_plan()
DUTCH_PLAN = make_plan(
    country="NL",
    time_zone="Europe/Amsterdam",
    numbers=(Number(number="31850001001", scheme=1),),
    accounts=(Account(login="215", password="-"), Account(login="jan", password="-")),
)
"""The project of the dial plan's scenarios."""


def make_call(**changes: Any) -> Call:
    settings: dict[str, Any] = {
        "id": "3333333333.3333333",
        "plan": PLAN,
        "direction": Direction.INCOMING,
        "caller": "380441112233",
        "caller_name": "",
        "callee": "380442223344",
        "account": "",
        "arrived_at": ARRIVED,
        "scheme": 1,
        "legs": (),
    }
    return Call(**(settings | changes))


def make_facts(*, extra: Mapping[str, str] | None = None, **call: Any) -> Facts:
    return Facts(call=make_call(**call), now=ARRIVED, extra=extra or {})


def make_values(*, extra: Mapping[str, str] | None = None) -> Values:
    """Make what fills the parameters in a URL."""
    return partial(resolve, facts=make_facts(extra=extra))


def field(name: str, parameter: str, argument: str = "") -> Field:
    return Field(name=name, parameter=parameter, argument=argument)


def answer(body: str | bytes, status: int = 200) -> HttpResponse:
    data = body.encode() if isinstance(body, str) else body
    return HttpResponse(status=status, reason="", headers=(), body=data)


def image(request: HttpRequest) -> bytes:
    """Write the request as HTTP/1.1 does."""
    parts = urlsplit(request.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in request.headers)]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii") + b"\r\n" + request.body


def written(text: str, body: str = "") -> bytes:
    """Turn a scenario's image, as the behaviour table prints it, into bytes."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body.encode()
