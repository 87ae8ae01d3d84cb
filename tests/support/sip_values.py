"""Hypothesis strategies for SIP values as our own code may build them."""

from __future__ import annotations

from hypothesis import strategies as st

from switchhook.sip.wire.header_values import CSeq, NameAddress, Via
from switchhook.sip.wire.message import Headers, Request, Response
from switchhook.sip.wire.parameters import Parameters
from switchhook.sip.wire.uri import Uri

TOKEN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~"

tokens = st.text(TOKEN, min_size=1, max_size=12)
lines = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20)
"""Text that fits into a header: anything but line breaks and NUL."""
raw_lines = st.binary(max_size=20).map(
    lambda data: (data.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")).decode(
        "utf-8", "surrogateescape"
    )
)
"""The same with bytes that are not UTF-8."""
ports = st.none() | st.integers(0, 65535)

hosts = st.one_of(
    st.lists(
        st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=8),
        min_size=1,
        max_size=3,
    ).map(".".join),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
)
token_parameters = st.dictionaries(
    tokens, st.none() | st.text(TOKEN + "[]/:&$", max_size=8), max_size=3
).map(Parameters)
"""Parameters that may stand in a URI."""
parameters = st.dictionaries(tokens, st.none() | lines, max_size=3).map(Parameters)
"""Parameters that may stand behind an address: a value may be quoted."""

sip_uris = st.builds(
    Uri,
    scheme=st.sampled_from(["sip", "sips"]),
    user=st.none() | st.text(max_size=8).map(lambda text: Uri.of(text, "h").user),
    host=hosts,
    port=ports,
    parameters=token_parameters,
    headers=st.sampled_from(["", "Replaces=a%40b", "a=1&b=2"]),
)
tel_uris = st.builds(
    Uri,
    scheme=st.just("tel"),
    user=st.text("+0123456789-.", min_size=1),
    parameters=token_parameters,
)
uris = sip_uris | tel_uris
addresses = st.builds(NameAddress, display=lines, uri=uris, parameters=parameters)
vias = st.builds(
    Via,
    transport=st.sampled_from(["UDP", "TCP", "TLS", "WS", "SCTP"]),
    host=hosts,
    port=ports,
    parameters=parameters,
)
cseqs = st.builds(CSeq, number=st.integers(0, 2**31 - 1), method=tokens)


@st.composite
def headers(draw: st.DrawFn, method: str) -> Headers:
    """Draw the headers of a message that says `method` in its CSeq."""
    pairs = [("Via", str(via)) for via in draw(st.lists(vias, min_size=1, max_size=3))]
    pairs += [
        ("From", str(draw(addresses))),
        ("To", str(draw(addresses))),
        ("Call-ID", draw(tokens)),
        ("CSeq", str(CSeq(number=draw(st.integers(0, 2**31 - 1)), method=method))),
    ]
    pairs += [("Contact", str(address)) for address in draw(st.lists(addresses, max_size=2))]
    pairs += [
        ("Max-Forwards", str(hops)) for hops in draw(st.lists(st.integers(0, 255), max_size=1))
    ]
    extra = st.tuples(st.just("X-").flatmap(lambda x: tokens.map(x.__add__)), lines | raw_lines)
    pairs += draw(st.lists(extra, max_size=3))
    return Headers(draw(st.permutations(pairs)))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Draw a request that may be sent."""
    method = draw(tokens)
    uri = draw(uris).replace(headers="")
    return Request(method=method, uri=uri, headers=draw(headers(method)), body=draw(st.binary()))


@st.composite
def responses(draw: st.DrawFn) -> Response:
    """Draw a response that may be sent."""
    return Response(
        status=draw(st.integers(100, 699)),
        reason=draw(lines | raw_lines),
        headers=draw(headers(draw(tokens))),
        body=draw(st.binary()),
    )
