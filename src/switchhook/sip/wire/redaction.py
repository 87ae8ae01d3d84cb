"""Takes the secrets out of a SIP message that people will read: proofs of passwords, keys of media, and pressed keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MASK: Final = b"****"
_PROOF: Final = re.compile(
    rb"(?im)^((?:proxy-)?authorization|(?:www|proxy)-authenticate|(?:proxy-)?authentication-info)[ \t]*:"
    rb"[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*"
)
"""A header that proves a password, or asks for the proof, with its further lines."""
_KEPT: Final = frozenset((b"username", b"realm", b"uri", b"algorithm", b"qop", b"nc", b"stale"))
"""Parameters of such a header that help to see what is wrong, and prove nothing."""
_PARAMETER: Final = re.compile(
    rb'([A-Za-z][A-Za-z0-9_-]*)([ \t]*=[ \t]*)("(?:[^"\\]|\\.)*"|[^\s,"]+)'
)
_OTHER_SCHEME: Final = re.compile(
    rb"(?i)^([^:]*:[ \t]*(?!digest\b)[A-Za-z0-9_-]+[ \t]+).*", re.DOTALL
)
_PASSWORD: Final = re.compile(
    rb":(?:(?<=[Ss][Ii][Pp]:)|(?<=[Ss][Ii][Pp][Ss]:))([^\s@:;<>\"]{1,200}):[^\s@<>\"]{1,200}@"
)
"""`sip:user:password@`. It begins with the colon that the scan can look for quickly: the scheme is looked back for."""
_MEDIA_KEY: Final = re.compile(rb"(?im)^(a=crypto:[^\r\n]*?inline:|k=[a-z]+:|a=key-mgmt:)[^\r\n]+")
_BLANK: Final = re.compile(rb"\n\r?\n")
"""Ends the head: some telephones end lines with LF alone."""
_DTMF_TYPE: Final = re.compile(
    rb"(?im)^(?:content-type|c)[ \t]*:(?:\r?\n)?[ \t]*application/(?:vnd\.)?dtmf"
)
_KPML: Final = re.compile(
    rb"(?i)(<kpml-response\b[^<>]*?\bdigits[ \t]*=[ \t]*)(?:\"[^\"]*\"|'[^']*')"
)
"""Pressed keys as RFC 4730 reports them."""
_SIGNAL: Final = re.compile(rb"(?im)^([ \t]*signal[ \t]*=[ \t]*)[^\r\n]+")
_KEYS: Final = re.compile(rb"[0-9A-Da-d*#]")
_SUSPICIOUS: Final = (b"auth", b"inline:", b"\nk=", b"key-mgmt", b"dtmf", b"kpml")
"""What a message with a secret holds, in lower case, if it is no password in a URI."""
_LOWER_PASSWORD: Final = re.compile(rb"sips?:[^\s@:;<>\"]{1,200}:[^\s@<>\"]{1,200}@")


def redacted_each(messages: Sequence[bytes]) -> Sequence[bytes]:
    """Return messages as `redacted` does each of them; those of one call are looked through together.

    Most calls have no secret. To see that in all of their messages at once takes a third of the time.
    """
    lower = b"\n".join(messages).lower()
    if any(mark in lower for mark in _SUSPICIOUS) or _LOWER_PASSWORD.search(lower):
        return [redacted(message) for message in messages]
    return messages


def redacted(message: bytes) -> bytes:
    """Return a message, as it went over the wire, without secrets; whatever else it says stays as it was.

    Lengths may differ: the Content-Length that it states is that of the message on the wire.
    """
    found = _BLANK.search(message)
    split = (len(message), len(message)) if found is None else found.span()
    head, blank, body = message[: split[0]], message[slice(*split)], message[split[1] :]
    if b"auth" in head.lower():
        head = _PROOF.sub(_without_proof, head)
    if _PASSWORD.search(head):
        head = _PASSWORD.sub(rb":\1:" + MASK + b"@", head)
    return head + blank + _redacted_body(head, body) if body else head + blank


def _redacted_body(head: bytes, body: bytes) -> bytes:
    lower = body.lower()
    if b"inline:" in lower or b"k=" in lower or b"key-mgmt" in lower:
        body = _MEDIA_KEY.sub(rb"\1" + MASK, body)
    if b"dtmf" in head.lower() and _DTMF_TYPE.search(head):
        body = _SIGNAL.sub(rb"\1*", body) if b"=" in body else _KEYS.sub(b"*", body)
    elif b"dtmf" in lower and _DTMF_TYPE.search(body):  # a part of several
        body = _without_keys(body)
    if b"kpml" in lower:
        body = _KPML.sub(rb'\1"*"', body)
    return body


def _without_keys(parts: bytes) -> bytes:
    """Hide the keys in what follows the head of each part about them, up to its boundary."""
    lines, is_keys, is_body = parts.splitlines(keepends=True), False, False
    for place, line in enumerate(lines):
        if line.startswith(b"--"):
            is_keys = is_body = False
        elif not line.strip():
            is_body = True
        elif is_keys and is_body:
            lines[place] = _SIGNAL.sub(rb"\1*", line) if b"=" in line else _KEYS.sub(b"*", line)
        elif not is_body and _DTMF_TYPE.match(line):
            is_keys = True
    return b"".join(lines)


def _without_proof(header: re.Match[bytes]) -> bytes:
    line = header[0]
    if other := _OTHER_SCHEME.match(line):
        is_info = b"authentication-info" in header[1].lower()
        if not is_info:  # Basic, Bearer and the like: all of it lets in
            return other[1] + MASK
    return _PARAMETER.sub(_masked, line)


def _masked(parameter: re.Match[bytes]) -> bytes:
    name, equals, _ = parameter.groups()
    return parameter[0] if name.lower() in _KEPT else name + equals + b'"' + MASK + b'"'
