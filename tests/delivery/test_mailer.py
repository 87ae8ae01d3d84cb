"""A mail is handed over whole and once, and what the mail server refuses is said with whose it is."""

from __future__ import annotations

from base64 import b64encode

import pytest

from switchhook.delivery.mail_errors import MAX_REPLY_CHARS
from switchhook.domain.failure import FailureKind
from switchhook.webhooks.mail import Security
from tests.support.handing import MAIL, PASSWORD, Trust, answering, post, refused, server, talked
from tests.support.post import OK, PostOffice, in_turn


@pytest.fixture(scope="module")
def trust() -> Trust:
    return Trust()


# What is accepted


def test_a_mail_arrives_byte_for_byte() -> None:
    with PostOffice() as office:
        made = post(server(office.port))

    assert (made.status, made.reply, made.failure) == (250, "OK", None)
    assert made.seconds > 0
    (posted,) = office.mails
    assert (posted.sender, posted.recipients) == ("pbx@acme.example", ("desk@example.com",))
    assert posted.content == MAIL.message
    assert not posted.over_tls


def test_a_mail_that_is_handed_over_twice_is_the_same_mail() -> None:
    with PostOffice() as office:
        for _ in range(2):
            post(server(office.port))

    assert [posted.content for posted in office.mails] == [MAIL.message] * 2


def test_starttls_comes_before_the_mail(trust: Trust) -> None:
    with PostOffice(starttls=trust.server) as office:
        made = post(server(office.port, Security.STARTTLS), trust.client)

    assert made.failure is None
    assert [posted.over_tls for posted in office.mails] == [True]


def test_tls_from_the_first_byte(trust: Trust) -> None:
    with PostOffice(implicit_tls=trust.server) as office:
        made = post(server(office.port, Security.TLS), trust.client)

    assert made.failure is None
    assert [posted.content for posted in office.mails] == [MAIL.message]


def test_a_login_opens_the_server(trust: Trust) -> None:
    with PostOffice(starttls=trust.server, login=("pbx", PASSWORD)) as office:
        to = server(office.port, Security.STARTTLS, username="pbx", password=PASSWORD)
        made = post(to, trust.client)

    assert made.failure is None
    assert [posted.user for posted in office.mails] == ["pbx"]


def test_a_mail_server_of_the_old_days_will_do() -> None:
    made = talked(answering({b"EHLO": b"502 what is that?\r\n", b"RCPT": b"251 will forward\r\n"}))

    assert (made.status, made.failure) == (250, None)


def test_what_was_accepted_is_accepted_even_if_nobody_says_goodbye(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("switchhook.delivery.mailer.QUIT_SECONDS", 0.05)
    made = talked(answering({b"\r\n.\r\n": b"250 queued as 42\r\n", b"QUIT": b""}), deadline=5)

    assert (made.status, made.reply, made.failure) == (250, "queued as 42", None)


# What is refused


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (
            "550 5.1.1 No such user",
            550,
            "refused mail to desk@example.com: 550 5.1.1 No such user. Check the address",
        ),
        (
            "450 4.2.0 Greylisted, come again",
            450,
            "refused mail to desk@example.com for now: 450 4.2.0 Greylisted, come again. Where this lasts, check",
        ),
        ("421 4.3.2 Too many connections", 421, "for now: 421 4.3.2 Too many connections."),
    ],
)
def test_a_recipient_that_is_refused(reply: str, status: int, said: str) -> None:
    with PostOffice(rcpt=lambda _: reply) as office:
        made = post(server(office.port))

    assert made.status == status
    assert made.reply == reply[4:]
    assert refused(made).kind is FailureKind.STATUS
    assert said in refused(made).detail
    assert refused(made).detail.startswith(f"127.0.0.1:{office.port} ")
    assert office.mails == []


def test_what_was_refused_for_now_is_accepted_later() -> None:
    with PostOffice(rcpt=in_turn("450 Greylisted", OK)) as office:
        first, second = post(server(office.port)), post(server(office.port))

    assert (first.status, second.status, second.failure) == (450, 250, None)
    assert [posted.content for posted in office.mails] == [MAIL.message]


def test_a_mail_that_is_refused_after_it_was_read() -> None:
    with PostOffice(data=lambda _: "554 5.7.1 Looks like spam") as office:
        made = post(server(office.port))

    assert made.status == 554
    assert (
        "refused the mail to desk@example.com: 554 5.7.1 Looks like spam." in refused(made).detail
    )


def test_a_sender_that_is_refused_is_the_operators_setting() -> None:
    made = talked(answering({b"MAIL": b"553 5.7.1 not yours\r\n"}))

    assert (made.status, refused(made).kind) == (553, FailureKind.STATUS)
    assert "refused the sender pbx@acme.example: 553 5.7.1 not yours. Set mail_from" in (
        refused(made).detail
    )


def test_a_wrong_password_is_told_of_without_it(trust: Trust) -> None:
    with PostOffice(starttls=trust.server, login=("pbx", "another")) as office:
        to = server(office.port, Security.STARTTLS, username="pbx", password=PASSWORD)
        made = post(to, trust.client)

    assert (made.status, refused(made).kind) == (535, FailureKind.AUTHENTICATION)
    assert "refused the login pbx: 535" in refused(made).detail
    assert refused(made).detail.endswith("Check smtp_username and smtp_password.")


def test_a_server_that_wants_a_login_says_so() -> None:
    made = talked(answering({b"MAIL": b"530 5.7.0 Authentication required\r\n"}))

    assert (made.status, refused(made).kind) == (530, FailureKind.AUTHENTICATION)
    assert "refused a mail without a login: 530 5.7.0 Authentication required." in (
        refused(made).detail
    )
    assert refused(made).detail.endswith("Check smtp_username and smtp_password.")


def test_a_server_without_a_login_is_told_of() -> None:
    made = talked(answering({b"EHLO": b"250 mail.test\r\n"}), username="pbx", password=PASSWORD)

    assert (made.status, refused(made).kind) == (0, FailureKind.AUTHENTICATION)
    assert "offers no login" in refused(made).detail


@pytest.mark.parametrize("form", [PASSWORD, "{line}"])
def test_a_server_that_repeats_the_password_is_not_repeated(form: str) -> None:
    said = f"535 you said {form}\r\n".encode()
    made = talked(answering({b"AUTH": said}), username="pbx", password=PASSWORD)

    assert made.status == 535
    for secret in (PASSWORD, b64encode(PASSWORD.encode()).decode(), _plain()):
        assert secret not in repr(made)


def _plain() -> str:
    return b64encode(f"\0pbx\0{PASSWORD}".encode()).decode()


def test_words_without_end_are_cut_and_stay_on_their_line() -> None:
    long = b"550-" + b"a\x1b[2Jb " * 50 + b"\r\n550 \xff\xfe end\r\n"
    made = talked(answering({b"RCPT": long}))

    assert made.status == 550
    assert len(refused(made).detail) < MAX_REPLY_CHARS + 200
    assert made.reply.encode()
