"""The mail of a message says who left it, and brings it: the same bytes whenever it is sent."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from switchhook.domain.call import CallRecording, Recording
from switchhook.domain.scheme import VoicemailStep
from switchhook.webhooks.mail import NOT_ATTACHED, Mail, read_mail, with_attachment
from switchhook.webhooks.parameters import CallFacts
from switchhook.webhooks.voicemail_mail import render_voicemail
from tests.support.snapshots import MARY, incoming, ring

STEP = VoicemailStep(sounds=(), mail_to=("desk@example.com",))
LINK = "https://pbx.example.com/recordings/acme/c/r2.wav?expires=1&token=2"
SOUND = bytes(range(256)) * 100


def _mail(step: VoicemailStep = STEP, link: str = LINK, number: str = "380441112233") -> Mail:
    call = incoming(ring(MARY))
    made = tuple(Recording(id=name, seconds=5.0, path="") for name in ("r1", "r2"))
    call = replace(
        call,
        recording=CallRecording(finished=made),
        caller=replace(call.caller, number=number, name="A\r\nEvil: 1"),
    )
    facts = CallFacts(call=call, now=1_534_147_871.0, extra={"recording_link:r2": link})
    return render_voicemail(
        step, "desk@example.com", facts, delivery_id="c.4", sender="pbx@acme.example"
    )


def _read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, _class=EmailMessage, policy=SMTP)


def test_it_says_who_left_it_and_where_it_is_heard() -> None:
    mail = _mail()
    headers, text = read_mail(mail.message)
    assert dict(headers)["Subject"] == "Voicemail from 380441112233"
    assert "Evil" not in dict(headers)
    assert text.splitlines()[0] == "Caller: 380441112233"
    assert text.endswith(f"Listen: {LINK}\n")
    assert mail.attachment == "shop/c/r2"


def test_a_link_alone_and_no_link_at_all() -> None:
    assert _mail(replace(STEP, attach=False)).attachment == ""
    assert "Listen" not in read_mail(_mail(link="").message)[1]


def test_who_withholds_the_number_has_none() -> None:
    assert dict(read_mail(_mail(number="").message)[0])["Subject"] == (
        "Voicemail from a withheld number"
    )


def test_the_message_is_attached() -> None:
    mail = _mail()
    made = with_attachment(mail, SOUND)
    assert made == with_attachment(mail, SOUND)
    assert max(map(len, made.split(b"\r\n"))) <= 998
    assert b"\n" not in made.replace(b"\r\n", b"")
    read = _read(made)
    text, sound = read.iter_parts()
    assert read["Subject"] == "Voicemail from 380441112233"
    assert text.get_content() == _read(mail.message).get_content()
    assert (sound.get_content_type(), sound.get_filename()) == ("audio/wav", "c-r2.wav")
    assert sound.get_content() == SOUND


def test_a_message_that_is_gone_is_said_to_be() -> None:
    _, note = _read(with_attachment(_mail(), None)).iter_parts()
    assert note.get_content() == NOT_ATTACHED
