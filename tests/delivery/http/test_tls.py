"""A webhook's client certificate is shown to its endpoint alone, and its own authority is believed for it alone."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from switchhook.delivery.http.tls import (
    NO_IDENTITY,
    TlsContexts,
    TlsIdentity,
    check_identity,
    default_tls,
    identity_tls,
)
from switchhook.domain.failure import FailureKind
from tests.support.certificates import authority, client_certificate, serving
from tests.support.hostile import Hostile, Names, get, keep_answering, saying, send, sending

if TYPE_CHECKING:
    from pathlib import Path

    from tests.delivery.conftest import Play

CA = trustme.CA()
CLIENTS = trustme.CA()
OURS = client_certificate(CLIENTS)
SHOWN = TlsIdentity(
    certificate=OURS.certificate, private_key=OURS.private_key, authority=authority(CA)
)
BELIEVING = TlsIdentity(authority=authority(CA))


@pytest.mark.row("T-13")
def test_an_endpoint_that_wants_a_client_certificate_gets_it(play: Play) -> None:
    tls = serving(CA, "127.0.0.1", clients=CLIENTS)

    async def scenario() -> None:
        async with Hostile(keep_answering, tls=tls) as server, sending() as sender:
            done = await send(sender, get(server.url), identity=SHOWN)
            assert done.failure is None
            again = await send(sender, get(server.url), identity=SHOWN)
            assert again.reused
            other = await send(sender, get(server.url), identity=BELIEVING)
            assert other.failure is not None, "another identity got the connection of the first"
            assert not other.reused

    play(scenario())


@pytest.mark.row("T-13")
def test_an_authority_of_its_own_is_believed_for_this_webhook_alone(play: Play) -> None:
    async def scenario() -> None:
        async with (
            Hostile(keep_answering, tls=serving(CA, "127.0.0.1")) as server,
            Hostile(keep_answering, tls=serving(CLIENTS, "127.0.0.1")) as other,
            sending() as sender,
        ):
            assert (await send(sender, get(server.url), identity=BELIEVING)).failure is None
            for url, identity in ((server.url, NO_IDENTITY), (other.url, BELIEVING)):
                done = await send(sender, get(url), identity=identity)
                assert done.failure is not None
                assert done.failure.kind is FailureKind.TLS

    play(scenario())


def test_a_certificate_that_an_endpoint_made_itself_can_be_pinned(play: Play) -> None:
    leaf = CA.issue_cert("127.0.0.1")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf.configure_cert(tls)
    pinned = TlsIdentity(authority=leaf.cert_chain_pems[0].bytes().decode())

    async def scenario() -> None:
        async with (
            Hostile(keep_answering, tls=tls) as server,
            Hostile(keep_answering, tls=serving(CA, "127.0.0.1")) as other,
            sending() as sender,
        ):
            assert (await send(sender, get(server.url), identity=pinned)).failure is None
            done = await send(sender, get(other.url), identity=pinned)
            assert done.failure is not None
            assert done.failure.kind is FailureKind.TLS

    play(scenario())


def test_a_pinned_certificate_is_still_for_its_name_alone(play: Play) -> None:
    async def scenario() -> None:
        async with (
            Hostile(keep_answering, tls=serving(CA, "crm.example")) as server,
            sending() as sender,
        ):
            done = await send(sender, get(server.url), identity=BELIEVING)
            assert done.failure is not None
            assert done.failure.kind is FailureKind.TLS

    play(scenario())


@pytest.mark.row("FJ-01")
def test_a_redirect_to_another_origin_shows_no_client_certificate(play: Play) -> None:
    asked: list[bool] = []
    trust = default_tls()
    CA.configure_trust(trust)
    wanting = serving(CA, "other.example", clients=CLIENTS)
    wanting.verify_mode = ssl.CERT_OPTIONAL

    async def note(peer: object) -> None:
        asked.append(peer._out.get_extra_info("peercert") is not None)  # type: ignore[attr-defined]
        await keep_answering(peer)  # type: ignore[arg-type]

    async def scenario() -> None:
        async with Hostile(note, tls=wanting) as other:
            location = f"https://other.example:{other.port}/"
            redirect = f"HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            names = Names(other_example=["127.0.0.1"])
            async with (
                Hostile(saying(redirect.encode()), tls=serving(CA, "127.0.0.1")) as server,
                sending(tls=trust, resolve=names) as sender,
            ):
                done = await send(sender, get(server.url), identity=SHOWN, follow=3)
                assert done.failure is None
        assert asked == [False]

    play(scenario())


def _encrypted(pem: str) -> str:
    key = load_pem_private_key(pem.encode(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")
    )
    return locked.decode()


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        (
            TlsIdentity(certificate="/etc/ssl/cert.pem", private_key=OURS.private_key),
            "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",
        ),
        (
            TlsIdentity(certificate=OURS.private_key, private_key=OURS.private_key),
            "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",
        ),
        (
            TlsIdentity(authority="дом"),
            "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",
        ),
        (TlsIdentity(certificate=OURS.certificate), "the key is not a private key in PEM"),
        (
            TlsIdentity(certificate=OURS.certificate, private_key=OURS.certificate),
            "the key is not a private key in PEM",
        ),
        (
            TlsIdentity(certificate=OURS.certificate, private_key=_encrypted(OURS.private_key)),
            "the key is encrypted: write it without a passphrase",
        ),
        (
            TlsIdentity(
                certificate=OURS.certificate, private_key=client_certificate(CLIENTS).private_key
            ),
            "the key belongs to another certificate; the client's own comes first",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_cause(identity: TlsIdentity, why: str) -> None:
    for refuse in (check_identity, identity_tls):
        with pytest.raises(ValueError, match=r".") as refused:
            refuse(identity)
        assert str(refused.value) == why


def test_an_identity_that_cannot_be_used_is_a_failure_and_no_crash(play: Play) -> None:
    async def scenario() -> None:
        async with (
            Hostile(keep_answering, tls=serving(CA, "127.0.0.1")) as server,
            sending() as sender,
        ):
            done = await send(sender, get(server.url), identity=TlsIdentity(authority="x"))
            assert done.failure is not None
            assert done.failure.kind is FailureKind.TLS
            assert "no certificate in PEM" in done.failure.detail

    play(scenario())


def test_no_key_touches_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    assert identity_tls(SHOWN).get_ca_certs()


def test_a_system_without_files_in_memory_uses_one_that_goes_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delattr("os.memfd_create")
    assert identity_tls(SHOWN).get_ca_certs()
    assert list(tmp_path.iterdir()) == []


def test_contexts_are_made_once_and_let_go_when_there_are_many(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("switchhook.delivery.http.tls.CONTEXTS_KEPT", 1)

    async def scenario() -> None:
        contexts = TlsContexts()
        first = await contexts.context(BELIEVING)
        assert await contexts.context(BELIEVING) is first
        await contexts.context(SHOWN)
        assert await contexts.context(BELIEVING) is not first

    play(scenario())


def test_a_key_is_shown_nowhere() -> None:
    assert "PRIVATE KEY" not in repr(SHOWN)
    assert NO_IDENTITY.key == ""
