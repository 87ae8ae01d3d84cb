"""Verifies, as a receiver does, that a request comes from who has the secrets; the other side of `authentication`."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from switchhook.webhooks.authentication import SAFE_IN_URL, authorization
from switchhook.webhooks.signatures import PUBLIC, hmac_lines, verifies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from switchhook.domain.credentials import BodyHmac, Credentials

TOLERANCE: Final = 300
"""Seconds that a signature may be old, or ahead of the receiver's clock (Standard Webhooks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One proof of a request, and whether it is right."""

    what: str
    """Such as `webhook-signature`, or the header of an HMAC."""
    is_right: bool
    why: str = ""
    """What is wrong with it, in words without secrets."""


def check_key(key: str) -> None:
    """Raise ValueError, with a sentence that shows nothing of it, for what is no key of Standard Webhooks."""
    verifies(key, b"", "")
    if key.startswith(PUBLIC) and len(key) < 40:
        raise ValueError("it is too short for a public key")


def verify(
    credentials: Credentials,
    *,
    keys: Sequence[str] = (),
    headers: Mapping[str, str],
    target: str,
    body: bytes,
    now: float,
) -> tuple[Proof, ...]:
    """Verify all that `credentials` prove themselves with, and signatures by `keys`, secret or public.

    `headers` have names in lower case, `target` is path and query, `now` in unix seconds. A client certificate is the
    TLS server's to verify. Empty where nothing is to be proved.
    """
    found: list[Proof] = []
    if signing := (*credentials.signing_secrets, *keys):
        why = _signature_mistake(signing, headers, body, now)
        found.append(Proof(what="webhook-signature", is_right=not why, why=why))
    if credentials.hmac is not None:
        why = _hmac_mistake(credentials.hmac, headers, body, now)
        found.append(Proof(what=credentials.hmac.header, is_right=not why, why=why))
    return (*found, *_secrets(credentials, headers, target))


def _secrets(credentials: Credentials, headers: Mapping[str, str], target: str) -> Iterator[Proof]:
    if credentials.oauth is not None:
        is_right = headers.get("authorization", "").startswith("Bearer ")
        why = "" if is_right else "there is no access token"
        yield Proof(what="Authorization", is_right=is_right, why=why)
    for name, value in (*authorization(credentials), *credentials.secret_headers):
        why = _same(headers.get(name.lower()), value)
        yield Proof(what=name, is_right=not why, why=why)
    if credentials.url_secret:
        is_right = quote(credentials.url_secret, safe=SAFE_IN_URL) in target
        why = "" if is_right else "the secret is not in it"
        yield Proof(what="URL", is_right=is_right, why=why)


def _same(given: str | None, wanted: str) -> str:
    if given is None:
        return "there is no such header"
    is_same = hmac.compare_digest(given.strip().encode(), wanted.strip().encode())
    return "" if is_same else "it holds another value"


def _signature_mistake(
    keys: Sequence[str], headers: Mapping[str, str], body: bytes, now: float
) -> str:
    """Return what is wrong with a signature of Standard Webhooks; "" for a right one."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    if missing := [name for name in names if name not in headers]:
        return f"there is no {missing[0]} header"
    id_, timestamp, signatures = (headers[name] for name in names)
    if why := _age_mistake(timestamp, now):
        return why
    signed = f"{id_}.{timestamp}.".encode() + body
    if any(verifies(key, signed, one) for key in keys for one in signatures.split(" ")):
        return ""
    return "another key made it, or the body was changed on its way"


def _hmac_mistake(how: BodyHmac, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """Return what is wrong with an HMAC; "" for a right one."""
    given = headers.get(how.header.lower())
    if given is None:
        return f"there is no {how.header} header"
    prefix = re.escape(how.prefix).replace(r"\{timestamp\}", "(?P<at>[0-9]+)", 1)
    prefix = prefix.replace(r"\{timestamp\}", "[0-9]+")
    found = re.match(prefix, given)
    if found is None:
        return f"it does not begin with {how.prefix}"
    timestamp = headers.get(how.timestamp_header.lower(), "") if how.timestamp_header else ""
    timestamp = timestamp or found.groupdict().get("at") or ""
    is_dated = any("{timestamp}" in text for text in (how.signed, how.prefix))
    if (is_dated or how.timestamp_header) and (why := _age_mistake(timestamp, now)):
        return why
    _, wanted = hmac_lines(how, headers.get("webhook-id", ""), timestamp, body)[-1]
    if hmac.compare_digest(wanted.encode(), given.encode()):
        return ""
    return "another secret made it, or the body was changed on its way"


def _age_mistake(timestamp: str, now: float) -> str:
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return "its time is missing, or is no number of seconds"
    late = now - int(timestamp)
    if abs(late) <= TOLERANCE:
        return ""
    when = f"{late:.0f} seconds ago" if late > 0 else f"{-late:.0f} seconds ahead of this clock"
    return f"it was made {when}; {TOLERANCE} are usual. Is it repeated, or a clock wrong?"
