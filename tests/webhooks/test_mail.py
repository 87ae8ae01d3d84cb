"""A mail is these bytes and no others, whatever a caller is called, and can be known when it comes twice."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchhook.webhooks.mail import (
    ADDRESS,
    MAX_SUBJECT,
    Mail,
    MailServer,
    Security,
    read_mail,
    recipient_of,
    render_mail,
)
from tests.webhooks.samples import make_facts, make_mail

if TYPE_CHECKING:
    from switchhook.domain.event import EventMail
    from switchhook.webhooks.parameters import CallFacts

ID = "3333333333.3333333.4.missed.desk%40example.com"
HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
]
HOSTILE = '"; X: y\r\nEvil: 1\r\n\r\nBody'
VALUES = st.text() | st.text(
    alphabet="\r\n\t =?_\x00\x0b\x85\u2028\u202e<>@:;,.\ud800a\u0456\U0001f600"
)


def render(mail: EventMail, facts: CallFacts, *, delivery_id: str = ID) -> Mail:
    return render_mail(
        mail, "desk@example.com", facts, delivery_id=delivery_id, sender="pbx@acme.example"
    )


def test_the_mail_of_a_missed_call_is_exactly_this() -> None:
    made = render(make_mail(), make_facts(caller="+31612345678"))

    assert (made.sender, made.recipient) == ("pbx@acme.example", "desk@example.com")
    assert made.message == (
        b"From: pbx@acme.example\r\n"
        b"To: desk@example.com\r\n"
        b"Subject: Missed call from +31612345678\r\n"
        b"Date: Mon, 13 Aug 2018 11:11:11 +0300\r\n"
        b"Message-ID: <f2f87ef1eeb4cc8ab7572149b34174bf@acme.example>\r\n"
        b"Auto-Submitted: auto-generated\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"MIME-Version: 1.0\r\n"
        b"\r\n"
        b"Caller: +31612345678\r\n"
        b"Called number: 380442223344\r\n"
        b"Date and time: 2018-08-13 11:11:11\r\n"
        b"Status: \r\n"
    )


def test_what_is_no_ascii_is_encoded_and_read_back() -> None:
    mail = make_mail(
        subject="Пропущенный звонок от {{caller_id}}, дежурный: {{department}}",
        text="Город: {{custom:city}}\nОтдел: {{department}}\n",
    )
    facts = make_facts(extra={"custom:city": "Київ", "department": "Отдел продаж"})
    made = render(mail, facts)
    headers, text = read_mail(made.message)

    assert made.message.isascii()
    assert max(map(len, made.message.split(b"\r\n"))) <= 78
    assert dict(headers)["Subject"] == (
        "Пропущенный звонок от 380441112233, дежурный: Отдел продаж"
    )
    assert text == "Город: Київ\nОтдел: Отдел продаж\n"


def test_a_second_rendering_has_the_same_id_and_another_delivery_another() -> None:
    def message_id(delivery_id: str) -> str:
        made = render(make_mail(), make_facts(), delivery_id=delivery_id)
        return dict(read_mail(made.message)[0])["Message-ID"]

    assert message_id(ID) == message_id(ID) != message_id(f"{ID}.")
    assert len(message_id(f"{ID}{'%D0%9A' * 500}")) < 78


@pytest.mark.row("S-73")
def test_a_callers_name_adds_no_header_and_no_line() -> None:
    mail = make_mail(subject="From {{caller_id}}", text="Caller: {{caller_id}}\nEnd\n")
    headers, text = read_mail(render(mail, make_facts(caller=HOSTILE)).message)

    assert [name for name, _ in headers] == HEADERS
    assert dict(headers)["Subject"] == 'From "; X: y  Evil: 1    Body'
    assert text == 'Caller: "; X: y  Evil: 1    Body\nEnd\n'


@pytest.mark.row("S-73")
@given(st.text(max_size=60), VALUES, VALUES)
def test_whatever_is_said_stays_in_its_place(subject: str, caller: str, city: str) -> None:
    mail = make_mail(
        subject="".join(char for char in subject if char.isprintable()) + "{{caller_id}}",
        text="A {{caller_id}}\nB {{custom:city}}\n",
    )
    made = render(mail, make_facts(caller=caller, extra={"custom:city": city}))
    read = message_from_bytes(made.message, _class=EmailMessage, policy=SMTP)

    assert read.keys() == HEADERS
    assert read.defects == []
    assert made.message.isascii()
    assert b"\r" not in made.message.replace(b"\r\n", b"")
    assert b"\n" not in made.message.replace(b"\r\n", b"")
    assert max(map(len, made.message.split(b"\r\n"))) <= 78
    first, second = read.get_content().rstrip("\r\n").split("\r\n")
    assert (first[:2], second[:2]) == ("A ", "B ")


@given(st.text(st.characters(codec="utf-8").filter(str.isprintable), max_size=MAX_SUBJECT))
def test_every_subject_is_read_back_as_it_was(caller: str) -> None:
    made = render(make_mail(subject="{{caller_id}}"), make_facts(caller=caller))
    read = message_from_bytes(made.message, _class=EmailMessage, policy=SMTP)

    assert str(read["Subject"]) == caller


def test_a_subject_without_end_is_cut() -> None:
    made = render(make_mail(subject="{{caller_id}}"), make_facts(caller="a" * 10_000))
    subject = dict(read_mail(made.message)[0])["Subject"]

    assert subject == "a" * (MAX_SUBJECT - 1) + "…"


def test_lines_of_any_length_are_sent_in_short_ones() -> None:
    text = f"{'x' * 5000}\n.\n..\nFrom here\n"
    made = render(make_mail(text=text), make_facts())

    assert max(map(len, made.message.split(b"\r\n"))) <= 78
    assert read_mail(made.message)[1] == text


@pytest.mark.parametrize(
    "address", ["desk@example.com", "a+b%c/d?e&f@x-1.example", "o'hara@localhost", "#=@1.2.3.4"]
)
def test_a_recipient_is_read_back_from_its_url(address: str) -> None:
    mail = Mail(sender="pbx@acme.example", recipient=address, message=b"")

    assert mail.url.startswith("mailto:")
    assert mail.url.isprintable()
    assert recipient_of(mail.url) == address


ATOMS = st.text("aZ09!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=8)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?", fullmatch=True)


@given(
    st.lists(ATOMS, min_size=1, max_size=4).map(".".join),
    st.lists(LABELS, min_size=1, max_size=4).map(".".join),
)
def test_every_address_that_is_taken_can_stand_in_a_header(local: str, host: str) -> None:
    address = f"{local}@{host}"
    assert re.fullmatch(ADDRESS, address)
    message = f"To: {address}\r\n\r\n".encode("ascii")
    read = message_from_bytes(message, _class=EmailMessage, policy=SMTP)

    assert [found.addr_spec for found in read["To"].addresses] == [address]
    assert read["To"].defects == ()


def test_settings_that_do_not_go_together_are_told_of() -> None:
    server = MailServer(host="mail.example", username="pbx", password="s3cret")
    clear = MailServer(
        host="mail.example", username="pbx", password="s3cret", security=Security.NONE
    )
    (elsewhere,) = MailServer(
        host="127.example.com", username="pbx", password="s3cret", security=Security.NONE
    ).problems()
    assert "in clear over the network" in elsewhere
    here = MailServer(host="127.0.0.1", username="pbx", password="s3cret", security=Security.NONE)

    assert list(server.problems()) == list(here.problems()) == list(MailServer().problems()) == []
    assert list(MailServer(username="pbx").problems()) == [
        "smtp_password is missing beside smtp_username; set both or neither"
    ]
    assert list(MailServer(password="s3cret").problems()) == [
        "smtp_username is missing beside smtp_password; set both or neither"
    ]
    (told,) = clear.problems()
    assert told.startswith('smtp_security = "none" would send smtp_password in clear')
    assert "s3cret" not in repr(clear)
    assert MailServer(host="::1", port=25).where == "[::1]:25"
