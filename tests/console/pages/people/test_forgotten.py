"""Who forgot their password is mailed a link, and nobody learns by it who is a user, or fills a mailbox."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from switchhook.domain.access.people import User
from switchhook.webhooks.mail import MailResult, read_mail
from tests.support.console import NOW, Office, in_office

if TYPE_CHECKING:
    from switchhook.webhooks.mail import Mail
    from tests.support.web import Answer

MAIL = "olena@example.com"
NEW = "seven loud mountains"


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def __call__(self, mail: Mail) -> MailResult:
        self.mails.append(mail)
        return MailResult(status=250, reply="", failure=None, seconds=0.0)

    async def one(self, number: int = 1) -> Mail:
        for _ in range(200):
            if len(self.mails) >= number:
                return self.mails[number - 1]
            await asyncio.sleep(0.01)
        raise AssertionError("no mail came")


async def forgot(office: Office, login: str) -> Answer:
    return await office.post("/console/forgotten", {"login": login})


async def add_olena(office: Office) -> None:
    user = User(id="id-olena", login=MAIL, created_at=NOW)
    await office.web.store.people.add_user(user, password="")


def test_the_mailed_link_sets_a_password_and_leads_to_the_hosts_own_address() -> None:
    mailbox = Mailbox()

    async def scenario(office: Office) -> None:
        await add_olena(office)
        evil = await office.post(
            "/console/forgotten", {"login": "Olena@example.com "}, Host="evil.example"
        )
        assert "a link is on its way" in evil.body.decode()
        mail = await mailbox.one()
        assert (mail.sender, mail.recipient) == ("pbx@acme.example", MAIL)
        _, text = read_mail(mail.message)
        assert "evil.example" not in text
        found = re.search(r"https://pbx\.example\.com(/console/link\?key=(\S+))", text)
        assert found is not None
        form = {"key": found[2], "password": NEW, "repeated": NEW}
        assert (await office.get(found[1])).status == 200
        assert (await office.post("/console/link", form)).status == 303
        assert (await office.get("/console/profile")).status == 200

    in_office(scenario, is_filled=False, post=mailbox)


def test_the_answer_is_the_same_for_whom_no_mail_is_sent() -> None:
    mailbox = Mailbox()

    async def scenario(office: Office) -> None:
        await add_olena(office)
        await office.web.store.people.set_disabled("id-olena", NOW)
        told = {
            re.sub(r'(value|CSRF-Token": )"[^"]*"', "", (await forgot(office, login)).body.decode())
            for login in (MAIL, "owner", "nobody@example.com", "x" * 500)
        }
        assert len(told) == 1
        await asyncio.sleep(0.05)
        assert mailbox.mails == []

    in_office(scenario, is_filled=False, post=mailbox)


def test_one_user_is_mailed_three_times_and_one_address_ten() -> None:
    mailbox = Mailbox()

    async def scenario(office: Office) -> None:
        await add_olena(office)
        for _ in range(5):
            await forgot(office, MAIL)
        await mailbox.one(3)
        await asyncio.sleep(0.05)
        assert len(mailbox.mails) == 3
        for number in range(10):
            await forgot(office, f"{number}@example.com")
        office.web.ticks += 1_801
        await forgot(office, MAIL)
        await mailbox.one(4)

    in_office(scenario, is_filled=False, post=mailbox)


def test_where_no_mail_is_sent_it_says_whom_to_ask() -> None:
    async def scenario(office: Office) -> None:
        page = (await office.get("/console/forgotten")).body.decode()
        assert "switchhook user link NAME" in page

    in_office(scenario, is_filled=False)
