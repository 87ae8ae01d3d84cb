"""Takes the secrets out of a SIP message that people will read: proofs of passwords, keys of media, and pressed keys."""

from __future__ import annotations

import re
from typing import Final

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
_PASSWORD: Final = re.compile(rb"(?i)\b(sips?:[^\s@:;<>\"]{1,200}):[^\s@<>\"]{1,200}@")
_MEDIA_KEY: Final = re.compile(rb"(?im)^(a=crypto:[^\r\n]*?inline:|k=[a-z]+:|a=key-mgmt:)[^\r\n]+")
_DTMF_TYPE: Final = re.compile(rb"(?im)^(?:content-type|c)[ \t]*:[ \t]*application/(?:vnd\.)?dtmf")
_SIGNAL: Final = re.compile(rb"(?im)^([ \t]*signal[ \t]*=[ \t]*)[^\r\n]+")
_KEYS: Final = re.compile(rb"[0-9A-Da-d*#]")


def redacted(message: bytes) -> bytes:
    """Return a message, as it went over the wire, without secrets; whatever else it says stays as it was.

    Lengths may differ: the Content-Length that it states is that of the message on the wire.
    """
    head, blank, body = message.partition(b"\r\n\r\n")
    if b"uth" in head or b"UTH" in head:
        head = _PROOF.sub(_without_proof, head)
    if b"@" in head:
        head = _PASSWORD.sub(rb"\1:" + MASK + b"@", head)
    if body and (b"inline:" in body or b"k=" in body or b"key-mgmt" in body):
        body = _MEDIA_KEY.sub(rb"\1" + MASK, body)
    if body and _DTMF_TYPE.search(head):
        body = _SIGNAL.sub(rb"\1*", body) if b"=" in body else _KEYS.sub(b"*", body)
    return head + blank + body


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
