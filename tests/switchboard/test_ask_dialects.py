"""Each dialect puts and reads its own dialect, and what may be written down of it holds no secret."""

from __future__ import annotations

from typing import Any

import pytest

from switchhook.domain.call import CallAsks
from switchhook.domain.failure import Failure, FailureKind
from switchhook.switchboard.ask_dialects import DialPlanDialect, ForwardingNumberDialect
from switchhook.switchboard.webhook_asker import ANSWER_SHOWN, summary
from switchhook.webhooks.answer import Ack, RingTargets
from switchhook.webhooks.http import Exchange
from tests.webhooks.samples import UA, answer, make_dial_plan, make_facts, make_number

FAILURE = Failure(kind=FailureKind.REFUSED, detail="refused /check/4711")
TEMPLATE = "http://u:pw@127.0.0.1:8080/{code}/{callerid}?secret=s3cret"


def branch(code: str = "4711", codes: tuple[str, ...] = (), **changes: Any) -> DialPlanDialect:
    webhook = make_dial_plan(**({"url_template": TEMPLATE} | changes))
    return DialPlanDialect(
        webhook=webhook, facts=make_facts(asks=CallAsks(codes=codes)), code=code, product=UA
    )


def direction(codes: tuple[str, ...] = ()) -> ForwardingNumberDialect:
    webhook = make_number(url="http://u:pw@crm/{Caller ID}?key=s3cret")
    facts = make_facts(asks=CallAsks(codes=codes))
    return ForwardingNumberDialect(webhook=webhook, facts=facts, ask_id="ask-1", product=UA)


def written(dialect: DialPlanDialect, body: str) -> dict[str, str]:
    """Return what the journal keeps of an exchange that was answered so."""
    exchange = Exchange(
        request=dialect.request(TEMPLATE),
        response=answer(body),
        failure=None,
        address="127.0.0.1:8080",
        seconds=(("total", 0.0801),),
    )
    return dict(summary(dialect.redacted(exchange, TEMPLATE)))


def test_a_direction_is_asked_for_and_read() -> None:
    dialect = direction()
    request = dialect.request("http://other/", (("error_code", "503"),))

    assert request.url == "http://other/?error_code=503"
    assert isinstance(dialect.read(answer('{"dst_phone":"agent7"}')).decision, RingTargets)
    assert dialect.read(FAILURE).failure == FAILURE
    assert dialect.public_url(dialect.webhook.url) == "http://crm/380441112233"


def test_a_branch_is_asked_for_and_read() -> None:
    dialect = branch()
    request = dialect.request("http://other/{code}", (("error_code", "503"),))

    assert request.url == "http://other/4711?error_code=503"
    assert dialect.read(answer("status=ACK")).verdict == Ack()


@pytest.mark.row("S-25")
def test_of_a_code_nothing_is_written_down_and_what_is_ours_stays_legible() -> None:
    """A one-digit code is not given away by the gaps that it leaves in our own numbers."""
    facts = written(branch("8"), "status=NAK&you=8")

    assert facts["request"] == "GET http://127.0.0.1:8080/****/%2B380441112233?****"
    assert (facts["address"], facts["seconds_total"]) == ("127.0.0.1:8080", "0.0801")
    assert facts["body"] == "status=NAK&you=****"
    assert written(branch("2"), "status=NAK")["status"] == "200"


@pytest.mark.row("S-25")
def test_half_a_code_at_the_end_of_what_is_shown_is_hidden_too() -> None:
    begin = "x" * (ANSWER_SHOWN - 2)

    assert written(branch(), f"{begin}4711")["body"] == f"{begin}**"


@pytest.mark.row("S-25")
def test_a_reading_holds_no_code_unless_it_may() -> None:
    failed = branch().read(FAILURE).failure
    assert failed is not None
    assert failed.detail == "refused /check/****"
    assert branch(mask_code=False).read(FAILURE).failure == FAILURE
    unread = branch().read(answer("status=4711")).failure
    assert unread is not None
    assert "4711" not in unread.detail
    sloppy = branch().read(answer("status=ACK&destination=4711x"))
    assert sloppy.notices
    assert "4711" not in str(sloppy.notices)


@pytest.mark.row("S-25")
def test_a_direction_holds_no_code_that_was_entered_before() -> None:
    dialect = direction(codes=("0042", "4711"))
    failed = dialect.read(answer('{"dst_phone":"4711x"}'))
    assert failed.failure is not None
    assert "****x" in failed.failure.detail
    assert "****x" in str(failed.notices)
    assert "4711" not in str(failed)
    followed = dialect.read(answer('{"dst_phone":"agent7,4711x"}'))
    assert followed.failure is None
    assert "****x" in str(followed.notices)
    assert "4711" not in str(followed)


@pytest.mark.row("S-25")
def test_a_branch_holds_no_code_that_was_entered_before() -> None:
    dialect = branch("", codes=("0042",))

    assert written(dialect, "status=NAK&you=0042")["body"] == "status=NAK&you=****"
    failed = dialect.read(answer("status=0042")).failure
    assert failed is not None
    assert "0042" not in failed.detail


@pytest.mark.row("S-25")
def test_without_masking_the_journal_shows_the_code_and_other_endpoints_never_see_it() -> None:
    dialect = branch(mask_code=False)

    assert (
        written(dialect, "4711")["request"] == "GET http://127.0.0.1:8080/4711/%2B380441112233?****"
    )
    assert dialect.public_url(TEMPLATE) == "http://127.0.0.1:8080/****/%2B380441112233"
    assert branch("").public_url("http://t/{code}/x") == "http://t//x"


KEYED = {
    "url": "http://u:pw-in-url@crm/r?key=in%2Fquery&caller={Caller ID}&lang=en",
    "fallback_url": "http://backup/?secret=in-fallback",
    "headers": (("X-Api-Key", "in-header"), ("User-Agent", "our-crm")),
    "token": "bearer/token",
}


@pytest.mark.parametrize(
    "secret",
    [
        "pw-in-url",
        "in/query",
        "in%2Fquery",
        "in-fallback",
        "in-header",
        "bearer/token",
        "bearer\\/token",
    ],
)
def test_an_endpoint_that_repeats_our_secrets_does_not_get_them_written_down(secret: str) -> None:
    dialect = ForwardingNumberDialect(
        webhook=make_number(**KEYED), facts=make_facts(), ask_id="ask-1", product=UA
    )
    came = answer(f'{{"dst_phone":"{secret}","lang":"en","ua":"our-crm"}}')
    exchange = Exchange(request=dialect.request(""), response=came, failure=None)
    facts = dict(summary(dialect.redacted(exchange, "")))

    assert facts["body"] == '{"dst_phone":"****","lang":"en","ua":"our-crm"}'
    reading = dialect.read(came)
    assert secret not in str(reading.failure)
    assert all(secret not in notice for notice in reading.notices)


def test_a_dial_plan_endpoint_that_repeats_our_secrets_neither() -> None:
    basic = branch(username="u", password="in-password", fallback_url="")
    assert written(basic, "u:in-password s3cret")["body"] == "u:**** ****"
    assert "dTppbi1wYXNzd29yZA==" not in written(basic, "Basic dTppbi1wYXNzd29yZA==")["body"]
    said = basic.read(answer("status=ACK&you=in-password&code=4711"))
    assert said.variables == (("you", "****"), ("code", "4711"))
    failure = basic.read(answer("status=in-password")).failure
    assert failure is not None
    assert "in-password" not in failure.detail
