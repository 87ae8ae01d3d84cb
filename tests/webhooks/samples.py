"""One project, one call and their wire images, as the behaviour table's scenarios have them."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from switchhook.domain.call import Call, CallerId, Direction, SchemePosition
from switchhook.domain.cause import Outcome
from switchhook.domain.credentials import Credentials
from switchhook.domain.event import EventMail, EventWebhook
from switchhook.domain.project import Account, Number, Project, ProjectSnapshot
from switchhook.domain.scheme import AskStep, Scheme
from switchhook.domain.webhook import (
    Array,
    DialPlanWebhook,
    Field,
    ForwardingNumber,
    HashAlgorithm,
    Object,
)
from switchhook.projectfile.schema.event import MAIL_TEXT
from switchhook.webhooks.http import HttpResponse
from switchhook.webhooks.parameters import CallFacts, resolve
from tests.support.events import make_webhook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.domain.webhook import Node
    from switchhook.webhooks.http import HttpRequest
    from switchhook.webhooks.url import ParameterValues

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


def proved(changes: dict[str, Any]) -> dict[str, Any]:
    """Put the keys of credentials, which stand among a webhook's in a file, where its value has them."""
    keys = {field.name for field in fields(Credentials)} & changes.keys()
    if not keys:
        return changes
    rest = {name: value for name, value in changes.items() if name not in keys}
    return rest | {"credentials": Credentials(**{name: changes[name] for name in keys})}


def make_number(**changes: Any) -> ForwardingNumber:
    """Make the forwarding number of S-01, with `keep_alive` off as in the scenarios' images."""
    settings: dict[str, Any] = {
        "name": "PHP demo",
        "url": "http://target/route.php",
        "ring_timeout": 90.0,
        "keep_alive": False,
    }
    return ForwardingNumber(**(settings | proved(changes)))


def make_dial_plan(**changes: Any) -> DialPlanWebhook:
    """Make the dial-plan webhook of S-22, with `keep_alive` off as in the scenarios' images."""
    settings: dict[str, Any] = {
        "name": "routing",
        "url_template": "http://target/route?callerid={callerid}",
        "keep_alive": False,
    }
    return DialPlanWebhook(**(settings | proved(changes)))


def make_event(**changes: Any) -> EventWebhook:
    settings: dict[str, Any] = {
        "name": "after",
        "url": "http://target/after",
        "send_id": False,
    }
    return make_webhook(**(settings | changes))


def make_mail(**changes: Any) -> EventMail:
    """Make the mail of S-30."""
    settings: dict[str, Any] = {
        "name": "missed",
        "to": ("desk@example.com",),
        "subject": "Missed call from {{caller_id}}",
        "text": MAIL_TEXT,
    }
    return EventMail(**(settings | changes))


def make_snapshot(**changes: Any) -> ProjectSnapshot:
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
            Scheme(id=1, name="Office", steps=(AskStep(webhook="PHP demo"),)),
            Scheme(id=26076, name="Shop", steps=()),
        ),
        "forwarding_numbers": (make_number(),),
        "own_sip_hosts": ("pbx.example.com", "pbx.example"),
        "allowed_sip_hosts": ("sip.partner.example", "192.0.2.7"),
    }
    return ProjectSnapshot(Project(**(settings | changes)))


PLAN = make_snapshot()
DUTCH_PLAN = make_snapshot(
    country="NL",
    time_zone="Europe/Amsterdam",
    numbers=(Number(number="31850001001", scheme=1),),
    accounts=(Account(login="215", password="-"), Account(login="jan", password="-")),
)
"""The project of the dial plan's scenarios."""


def make_call(
    caller: str = "380441112233", caller_name: str = "", account: str = "", **changes: Any
) -> Call:
    settings: dict[str, Any] = {
        "id": "3333333333.3333333",
        "snapshot": PLAN,
        "direction": Direction.INCOMING,
        "caller": CallerId(number=caller, name=caller_name, account=account),
        "callee": "380442223344",
        "arrived_at": ARRIVED,
        "position": SchemePosition(scheme=1),
        "legs": (),
    }
    return Call(**(settings | changes))


def make_facts(*, extra: Mapping[str, str] | None = None, **call: Any) -> CallFacts:
    return CallFacts(call=make_call(**call), now=ARRIVED, extra=extra or {})


def make_values(*, extra: Mapping[str, str] | None = None) -> ParameterValues:
    """Make what fills the parameters in a URL."""
    return partial(resolve, facts=make_facts(extra=extra))


def field(name: str, parameter: str, argument: str = "") -> Field:
    return Field(name=name, parameter=parameter, argument=argument)


S_40: tuple[Node, ...] = (
    field("call_id", "call_id"),
    Array(name="numbers", items=(field("", "caller_id"), field("", "destination_id"))),
    Object(
        name="call",
        members=(
            field("status", "status"),
            Object(
                name="times",
                members=(field("total", "full_length"), field("talk", "conversation")),
            ),
            Array(name="tags", items=(field("", "source"), field("", "medium"))),
        ),
    ),
    Field(name="h_md5", parameter="caller_id", hash=HashAlgorithm.MD5),
    Field(name="h_crc", parameter="caller_id", hash=HashAlgorithm.CRC32),
    Field(name="h_sha1", parameter="caller_id", hash=HashAlgorithm.SHA1),
    Field(name="h_sha256", parameter="caller_id", hash=HashAlgorithm.SHA256),
    field("{{Имя менеджера}}", "responsible_manager"),
    field("fixed", "constant", "abc"),
)
"""One value of every shape."""
S_40_JSON = (
    '{"call_id":"3333333333.3333333","numbers":["380441112233","380442223344"],'
    '"call":{"status":"ANSWERED","times":{"total":"20","talk":"12"},'
    '"tags":["ringostat","support"]},"h_md5":"3ab709363cd610a7331e8cabcc612bc2",'
    '"h_crc":"fb672889","h_sha1":"acc79df51d806d791e186179357cf340fc375bd3",'
    '"h_sha256":"2251d774b8552cadd01b832646f0c3daaddbfb7d5504cffb91fc26a90e709bc8",'
    '"Имя менеджера":"Иван Иванов","fixed":"abc"}'
)
S_41_FORM = (
    "call_id=3333333333.3333333&numbers%5B0%5D=380441112233&numbers%5B1%5D=380442223344"
    "&call%5Bstatus%5D=ANSWERED&call%5Btimes%5D%5Btotal%5D=20&call%5Btimes%5D%5Btalk%5D=12"
    "&call%5Btags%5D%5B0%5D=ringostat&call%5Btags%5D%5B1%5D=support"
    "&h_md5=3ab709363cd610a7331e8cabcc612bc2&h_crc=fb672889"
    "&h_sha1=acc79df51d806d791e186179357cf340fc375bd3"
    "&h_sha256=2251d774b8552cadd01b832646f0c3daaddbfb7d5504cffb91fc26a90e709bc8"
    "&%D0%98%D0%BC%D1%8F+%D0%BC%D0%B5%D0%BD%D0%B5%D0%B4%D0%B6%D0%B5%D1%80%D0%B0"
    "=%D0%98%D0%B2%D0%B0%D0%BD+%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2&fixed=abc"
)
"""The same as a form."""


def talked() -> CallFacts:
    """Make the facts of the call of S-40: 8 seconds of ringing, 12 of talk."""
    return make_facts(
        extra=VISIT,
        answered_at=ARRIVED + 8,
        ended_at=ARRIVED + 20,
        outcome=Outcome.ANSWERED,
    )


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
