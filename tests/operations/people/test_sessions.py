"""Signing in takes the password and the one-time password, and gives a session that ends; others lock nobody out."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyotp
import pytest
import structlog.testing

from switchhook.operations.people import passwords, sessions, users
from switchhook.operations.people.guessing import GuessLimit
from switchhook.operations.people.passwords import hashed
from switchhook.operations.people.sessions import (
    IDLE,
    LONGEST_SESSION,
    CodeNeededError,
    NewSession,
    SessionOverError,
    SignIn,
    SignInError,
    SignInRequest,
    TooManyTriesError,
    check_session,
    sign_out,
)
from switchhook.storage.sqlite.store import SqliteStore
from tests.support.loop import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PASSWORD = "correct horse battery"
DIGEST = hashed(PASSWORD)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
RIGHT = SignInRequest(login="Olga", password=PASSWORD, source="192.0.2.1", agent="Firefox\x1b")
WRONG = replace(RIGHT, password="incorrect horse", source="192.0.2.66")


@dataclass
class Door:
    """Where users sign in, and the hand on its clock."""

    store: SqliteStore
    now: float = 1_000_000.0

    def __post_init__(self) -> None:
        limit = GuessLimit(lambda: self.now)
        people, audit = self.store.people, self.store.audit
        self.sign_in = SignIn(people, audit, clock=lambda: self.now, limit=limit)

    async def session_of(self, new: NewSession) -> str:
        session, user = await check_session(self.store.people, new.key, now=self.now)
        assert user.login == "olga"
        return session.id


@asynccontextmanager
async def door(*, totp: bool = False) -> AsyncIterator[Door]:
    store = await SqliteStore.open(None)
    try:
        await users.add_user(store.people, "olga", now=1.0)
        await users.set_password(store.people, "olga", DIGEST)
        if totp:
            await users.set_totp(store.people, "olga", SECRET)
        yield Door(store)
    finally:
        await store.close()


def test_the_right_password_begins_a_session_that_is_noted() -> None:
    async def scenario() -> None:
        async with door() as at:
            new = await at.sign_in(RIGHT)
            assert (new.session.source, new.session.agent) == ("192.0.2.1", "Firefox")
            assert await at.session_of(new) == new.session.id
            (noted,) = await at.store.audit.entries()
            assert (noted.actor, noted.operation, noted.result) == ("olga", "sign-in", "done")
            assert noted.source == "192.0.2.1"
            assert new.key not in repr((new, noted))

    run(scenario())


@pytest.mark.parametrize(
    ("sent", "actor"),
    [
        (WRONG, "olga"),
        (replace(RIGHT, login="max"), "an unknown user"),
        (replace(RIGHT, login=PASSWORD, password="x"), "an unknown user"),
        (replace(RIGHT, password="x" * 100_000), "olga"),
        (replace(RIGHT, password=""), "olga"),
        (replace(RIGHT, password="\ud800"), "olga"),
        (replace(RIGHT, login="\ud800"), "an unknown user"),
        (replace(RIGHT, login="olga\x00"), "an unknown user"),
    ],
)
def test_a_refusal_tells_nothing_and_holds_no_secret(sent: SignInRequest, actor: str) -> None:
    async def scenario() -> None:
        async with door() as at:
            with structlog.testing.capture_logs() as logged, pytest.raises(SignInError) as caught:
                await at.sign_in(sent)
            assert str(caught.value) == "user, password or one-time password are wrong"
            (noted,) = await at.store.audit.entries()
            assert (noted.actor, noted.result) == (actor, "refused")
            told = json.dumps(logged, default=str) + repr(noted)
            assert PASSWORD not in told
            assert "incorrect" not in told

    run(scenario())


@pytest.mark.parametrize("login", ["olga", "nobody"])
def test_a_password_is_looked_at_whether_the_user_is_known_or_not(
    login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def is_password(digest: str, password: str) -> bool:
        looked.append(password)
        return passwords.is_password(digest, password)

    async def scenario() -> None:
        async with door() as at:
            monkeypatch.setattr(sessions, "is_password", is_password)
            with pytest.raises(SignInError):
                await at.sign_in(replace(WRONG, login=login))
            assert looked == [WRONG.password]

    run(scenario())


def test_a_disabled_user_and_one_without_a_password_are_not_let_in() -> None:
    async def scenario() -> None:
        async with door() as at:
            new = await at.sign_in(RIGHT)
            await users.disable_user(at.store.people, "olga", at=1.0)
            with pytest.raises(SessionOverError):
                await at.session_of(new)
            with pytest.raises(SignInError, match="are wrong"):
                await at.sign_in(RIGHT)
            await users.add_user(at.store.people, "max", now=1.0)
            with pytest.raises(SignInError, match="are wrong"):
                await at.sign_in(replace(RIGHT, login="max", password=""))

    run(scenario())


def test_a_one_time_password_is_asked_for_and_counts_once() -> None:
    async def scenario() -> None:
        async with door(totp=True) as at:
            with pytest.raises(CodeNeededError):
                await at.sign_in(RIGHT)
            with pytest.raises(SignInError, match="are wrong"):
                await at.sign_in(replace(RIGHT, code="000000"))
            code = pyotp.TOTP(SECRET).at(int(at.now))
            await at.sign_in(replace(RIGHT, code=code))
            with pytest.raises(SignInError, match="are wrong"):
                await at.sign_in(replace(RIGHT, code=code))
            at.now += 30.0
            await at.sign_in(replace(RIGHT, code=pyotp.TOTP(SECRET).at(int(at.now))))

    run(scenario())


async def attack(at: Door, *, source: str = WRONG.source) -> None:
    """Guess until it is slowed."""
    for _ in range(20):
        try:
            await at.sign_in(replace(WRONG, source=source))
        except TooManyTriesError:
            return
        except SignInError:
            continue
    pytest.fail("nobody slows it")


def test_others_tries_keep_a_user_out_neither_elsewhere_nor_where_they_were_before() -> None:
    async def scenario() -> None:
        async with door() as at:
            before = await at.sign_in(RIGHT)
            await attack(at, source=RIGHT.source)
            with pytest.raises(TooManyTriesError):
                await at.sign_in(RIGHT)
            known = replace(RIGHT, device=before.key)
            assert (await at.sign_in(known)).user.login == "olga"
            assert (await at.sign_in(replace(RIGHT, source="198.51.100.1"))).user.login == "olga"
            await sign_out(at.store.people, before.key, now=at.now)
            assert (await at.sign_in(known)).user.login == "olga"
            await users.end_sessions(at.store.people, "olga")  # as when a computer was stolen
            with pytest.raises(TooManyTriesError):
                await at.sign_in(known)

    run(scenario())


def test_who_has_a_one_time_password_never_waits() -> None:
    async def scenario() -> None:
        async with door(totp=True) as at:
            await attack(at, source=RIGHT.source)
            code = pyotp.TOTP(SECRET).at(int(at.now))
            assert (await at.sign_in(replace(RIGHT, code=code))).user.login == "olga"

    run(scenario())


CODES = [f"{n:06d}" for n in range(0, 1_000_000, 5_003)]
"""Some 200 one-time passwords, of which none is right at `Door.now`."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare passwords at once: argon2id takes its time for each."""
    monkeypatch.setattr(
        sessions, "is_password", lambda digest, sent: (digest, sent) == (DIGEST, PASSWORD)
    )


async def tried(at: Door, sent: SignInRequest) -> str:
    """Try to sign in; return what came of it, by its kind."""
    try:
        await at.sign_in(sent)
    except SignInError as error:
        return type(error).__name__
    return "in"


@pytest.mark.usefixtures("quick")
def test_who_knows_the_password_cannot_guess_the_code_where_they_have_to_wait() -> None:
    async def scenario() -> None:
        async with door(totp=True) as at:
            await attack(at, source=RIGHT.source)
            came = {await tried(at, replace(RIGHT, code=code)) for code in CODES}
            assert came == {"TooManyTriesError"}
            right = pyotp.TOTP(SECRET).at(int(at.now))
            assert await tried(at, replace(RIGHT, code=right)) == "TooManyTriesError"
            elsewhere = replace(RIGHT, source="198.51.100.1", code=right)
            assert await tried(at, elsewhere) == "in"  # what strangers tried is not theirs

    run(scenario())


@pytest.mark.usefixtures("quick")
def test_who_knows_the_password_cannot_guess_the_code_from_many_addresses() -> None:
    async def scenario() -> None:
        async with door(totp=True) as at:
            before = await at.sign_in(replace(RIGHT, code=pyotp.TOTP(SECRET).at(int(at.now) - 30)))
            came = [
                await tried(at, replace(RIGHT, source=f"198.51.{n}.1", code=code))
                for n, code in enumerate(CODES[:14])
            ]
            assert came == ["SignInError"] * 10 + ["TooManyTriesError"] * 4
            right = replace(RIGHT, source="198.51.99.1", code=pyotp.TOTP(SECRET).at(int(at.now)))
            assert await tried(at, right) == "TooManyTriesError"
            assert await tried(at, replace(right, device=before.key)) == "in"

    run(scenario())


@pytest.mark.usefixtures("quick")
def test_a_code_that_was_seen_gives_few_tries_at_the_password() -> None:
    async def scenario() -> None:
        async with door(totp=True) as at:
            await attack(at)
            seen = replace(WRONG, code=pyotp.TOTP(SECRET).at(int(at.now)))
            came = [await tried(at, seen) for _ in range(13)]
            assert came == ["SignInError"] * 10 + ["TooManyTriesError"] * 3

    run(scenario())


@pytest.mark.usefixtures("quick")
def test_tries_at_once_are_counted_as_tries_in_turn() -> None:
    async def scenario() -> None:
        async with door() as at:
            came = await asyncio.gather(*(tried(at, WRONG) for _ in range(30)))
            assert sorted(came) == ["SignInError"] * 5 + ["TooManyTriesError"] * 25
            assert await tried(at, RIGHT) == "in"

    run(scenario())


async def ticket_of(at: Door, sent: SignInRequest) -> str:
    """Return what stands for a right password."""
    with pytest.raises(CodeNeededError) as caught:
        await at.sign_in(sent)
    return caught.value.ticket


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("from_device", [False, True])
def test_tickets_of_a_right_password_give_no_further_tries_at_the_code(
    from_device: bool,  # noqa: FBT001
) -> None:
    async def scenario() -> None:
        async with door(totp=True) as at:
            before = await at.sign_in(replace(RIGHT, code=pyotp.TOTP(SECRET).at(int(at.now) - 30)))
            sent = replace(RIGHT, device=before.key) if from_device else RIGHT
            came = []
            for code in CODES[:14]:
                try:
                    ticket = await ticket_of(at, sent)
                except TooManyTriesError:  # not even the password is looked at
                    came.append("TooManyTriesError")
                    continue
                try:
                    await at.sign_in.finish(ticket, replace(sent, code=code))
                except SignInError as error:
                    came.append(type(error).__name__)
            assert came == ["SignInError"] * 10 + ["TooManyTriesError"] * 4

    run(scenario())


@pytest.mark.usefixtures("quick")
def test_a_ticket_is_not_made_longer_by_an_empty_code_and_counts_once() -> None:
    async def scenario() -> None:
        async with door(totp=True) as at:
            ticket = await ticket_of(at, RIGHT)
            for code in ("", " "):
                with pytest.raises(SignInError, match="type the one-time password") as caught:
                    await at.sign_in.finish(ticket, replace(RIGHT, code=code))
                assert not isinstance(caught.value, CodeNeededError)
            code = pyotp.TOTP(SECRET).at(int(at.now))
            both = (at.sign_in.finish(ticket, replace(RIGHT, code=code)) for _ in range(2))
            came = await asyncio.gather(*both, return_exceptions=True)
            assert sorted(type(one).__name__ for one in came) == ["NewSession", "SignInError"]

    run(scenario())


@pytest.mark.usefixtures("quick")
def test_right_passwords_are_not_counted() -> None:
    async def scenario() -> None:
        async with door(totp=True) as at:
            for _ in range(8):
                assert await tried(at, RIGHT) == "CodeNeededError"

    run(scenario())


@pytest.mark.usefixtures("quick")
def test_long_logins_are_counted_as_one_and_not_kept() -> None:
    async def scenario() -> None:
        async with door() as at:
            long = [replace(WRONG, login=f"{n}" * 500_000) for n in range(6)]
            came = [await tried(at, sent) for sent in long]
            assert came == ["SignInError"] * 5 + ["TooManyTriesError"]

    run(scenario())


def test_a_session_ends_when_it_is_idle_when_it_is_old_and_when_its_user_signs_out() -> None:
    async def scenario() -> None:
        async with door() as at:
            first = await at.sign_in(RIGHT)
            at.now += IDLE
            with pytest.raises(SessionOverError, match="is over"):
                await at.session_of(first)
            second, began = await at.sign_in(RIGHT), at.now
            while at.now < began + LONGEST_SESSION - IDLE / 2:
                await at.session_of(second)
                at.now += IDLE / 2
            await at.session_of(second)
            at.now = began + LONGEST_SESSION
            with pytest.raises(SessionOverError, match="is over"):
                await at.session_of(second)
            third = await at.sign_in(RIGHT)
            await sign_out(at.store.people, third.key, now=at.now)
            with pytest.raises(SessionOverError, match="is over"):
                await at.session_of(third)
            with pytest.raises(SessionOverError, match="was ended"):
                await check_session(at.store.people, "no key", now=at.now)

    run(scenario())


def test_many_who_guess_at_once_wait_and_a_known_device_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sessions, "MAX_WAITING", 3)

    async def scenario() -> None:
        async with door() as at:
            before = await at.sign_in(RIGHT)
            guesses = [
                at.sign_in(replace(WRONG, login=f"user{n}", source=f"198.51.{n}.1"))
                for n in range(6)
            ]
            known = at.sign_in(replace(RIGHT, device=before.key))
            *refused, let_in = await asyncio.gather(*guesses, known, return_exceptions=True)
            assert isinstance(let_in, NewSession)
            assert {type(one) for one in refused} == {SignInError, TooManyTriesError}

    run(scenario())
