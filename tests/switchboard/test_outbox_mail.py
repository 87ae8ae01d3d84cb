"""An event is promised once to each who wants it, with bytes that are the same whenever it is composed again."""

from __future__ import annotations

from switchhook.domain.cause import Outcome
from switchhook.domain.event import EventFilter, EventKind, ProjectEvent
from switchhook.routing.commands import EmitEvent
from switchhook.switchboard.outbox import OutboxContext, call_record, event_deliveries
from switchhook.webhooks.http import HttpRequest
from switchhook.webhooks.mail import DEFAULT_SENDER, MAIL_SECONDS, Mail, read_mail
from tests.webhooks.samples import ARRIVED, make_call, make_event, make_mail, make_snapshot

PLAN = make_snapshot(
    events=(
        ProjectEvent(
            name="after",
            event=EventKind.INCOMING_AFTER,
            webhooks=(make_event(),),
            mails=(make_mail(name="missed calls", to=("desk@example.com", "o+1@example.com")),),
        ),
        ProjectEvent(
            name="answered",
            event=EventKind.INCOMING_AFTER,
            filter=EventFilter(outcomes=(Outcome.ANSWERED,)),
            mails=(make_mail(name="answered"),),
        ),
    ),
)
TELL = EmitEvent(
    call=make_call(snapshot=PLAN, outcome=Outcome.MISSED),
    event=EventKind.INCOMING_AFTER,
    seq=4,
    at=ARRIVED + 60,
)
CONTEXT = OutboxContext(product="UA", mail_from="pbx@acme.example")


def test_a_webhook_and_every_person_have_a_promise_of_their_own() -> None:
    told = list(event_deliveries(TELL, CONTEXT))

    assert [delivery.id for delivery in told] == [
        "3333333333.3333333.4.after",
        "3333333333.3333333.4.missed%20calls.desk%40example.com",
        "3333333333.3333333.4.missed%20calls.o%2B1%40example.com",
    ]
    assert [delivery.webhook for delivery in told] == ["after", "missed calls", "missed calls"]
    assert {delivery.seq for delivery in told} == {4}
    assert {delivery.occurred_at for delivery in told} == {ARRIVED + 60}
    first, *mails = (delivery.request for delivery in told)
    assert isinstance(first, HttpRequest)
    for mail in mails:
        assert isinstance(mail, Mail)
        assert mail.sender == "pbx@acme.example"
        headers = dict(read_mail(mail.message)[0])
        assert (headers["From"], headers["To"]) == ("pbx@acme.example", mail.recipient)
        assert headers["Date"] == "Mon, 13 Aug 2018 11:12:11 +0300"
    assert {delivery.response_timeout for delivery in told[1:]} == {MAIL_SECONDS}


def test_composing_again_makes_the_same_promises() -> None:
    record = call_record(TELL.call, [TELL], CONTEXT)

    assert record.deliveries == tuple(event_deliveries(TELL, CONTEXT))
    ids = {
        dict(read_mail(d.request.message)[0])["Message-ID"]
        for d in record.deliveries[1:]
        if isinstance(d.request, Mail)
    }
    assert len(ids) == 2


def test_mail_has_a_sender_where_none_was_set() -> None:
    mail = list(event_deliveries(TELL, OutboxContext(product="UA")))[-1].request

    assert isinstance(mail, Mail)
    assert mail.sender == DEFAULT_SENDER
