"""SIP as telephones, trunks and proxies write it: INVITE, the answers to ours, REGISTER, INFO, streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.plausible import Draw, Label
from tests.support.plausible.sdp import describe

if TYPE_CHECKING:
    from random import Random

    from switchhook.sip.wire.message import Request

HOST = "192.0.2.10"

USERS = [(user, user) for user in ("380671112233", "101", "+380671112233", "john.doe", "anonymous")]
ODD_USERS = [
    ("John Doe", "John Doe"),
    ("380 67 111 22 33", "380 67 111 22 33"),
    ("john@acme.example", "john@acme.example"),
    ('"101"', '"101"'),
]
NAMES = [
    "",
    '"Ann" ',
    "Ann Lee ",
    '"M\u00fcller, J\u00f6rg" ',
    '"say \\"hi\\"" ',
    '"(x) <y>" ',
    '"" ',
]
ODD_NAMES = [
    '""unknown"" ',
    '"Desk "North" 2" ',
    '"A "B" C" ',
    '"not closed ',
    'not opened" ',
    '"M\udcfcller ',  # ISO-8859-1, and the quote is not closed
    '"x" y ',
]
PARAMETERS = [";tag={tag}", " ;tag={tag}", ";x=y;tag={tag}", ";TAG={tag}", ';x="a;b";tag={tag}']
ODD_PARAMETERS = [';x="open;tag={tag}', ";x=(;=;tag={tag}", "junk;tag={tag}", ';tag={tag};x="']

ORNAMENTS = [
    "User-Agent: Phone 1.0 (rev. 7)",
    "Date: Mon, 30 Nov 2026 14:00:00 GMT",
    "Supported: replaces, timer",
    "Allow: INVITE, ACK, BYE, CANCEL",
    "Subject:",
    "X-Vendor: a=b;c",
    "Organization: \u0424\u0456\u0440\u043c\u0430",
    "Accept: application/sdp",
    "k: 100rel",
    "P-Asserted-Identity: <sip:1@h>",
    "Session-Expires: 1800;refresher=uac",
]
ODD_ORNAMENTS = [
    "Date: yesterday",
    "User-Agent: Phone (((",
    "Server: \udcff\udcfe",
    "Supported: ,,;;,",
    "Session-Expires: soon",
    'P-Asserted-Identity: "x <sip:',
    "Diversion: <<>>",
    "no colon at all",
    ": no name",
    "Strange Name: x",
    "User-Agent  : spaces",
    "Via: nonsense",
    "Route: <sip:",
    "Max-Forwards: 70",
    "Max-Forwards: x",
    "Content-Encoding:",
    "Require:",
]


@dataclass(frozen=True)
class Drawn:
    """An input, what it is, and what it means."""

    data: bytes
    label: Label
    about: str
    means: dict[str, object]


def drawn(draw: Draw, data: bytes, **means: object) -> Drawn:
    return Drawn(data, draw.label, draw.about, means)


def end(draw: Draw, part: str, user: tuple[str, str], tag: str, wrong: list[str]) -> str:
    """Write From or To."""
    name = draw.pick(f"{part} name", NAMES, ODD_NAMES)
    written = user[0]
    right = [f"<sip:{written}@example.com>", f"<sip:{written}@{HOST}:5060;user=phone>"]
    uri = draw.pick(
        part,
        right,
        [
            f"<sip:{written}@example.com",
            f"sip:{written}@example.com>",
            f"<sip:{written}@my host>",
            f"<sip:{written}@>",
            f"< sip:{written}@{HOST}: >",
        ],
        wrong,
    )
    if uri in wrong:
        return uri
    return name + uri + draw.pick(f"{part} parameters", PARAMETERS, ODD_PARAMETERS).format(tag=tag)


NO_ADDRESS = ["Ann", "<>;tag=1", '"x <sip:112@h>" y" <sip:101@h>;tag=1', "sip:", ""]


def spelled(draw: Draw, name: str, short: str = "") -> str:
    """Write a header's name."""
    right = [f"{name}: ", f"{name}:", f"{name.lower()}: ", f"{name.upper()} :\t"]
    return draw.pick("spelling", [*right, f"{short}: "] if short else right)


def contact(draw: Draw, user: str) -> tuple[str, str]:
    """Write a Contact, and say which URI it means; "" for none that can be read."""
    plain = f"sip:{user}@{HOST}:5070"
    right = [(f"<{plain}>", plain), (f'"A, B" <{plain};ob>;q=0.5', f"{plain};ob"), (plain, plain)]
    sloppy = [
        (f'"A "B" C" <{plain}>', plain),
        (f"Doe, John <{plain}>", plain),
        (f"<{plain}", plain),
        (f'<{plain}>;+sip.instance="<urn', plain),
        (f'"{user}" {plain}', plain),
        ("nobody", ""),
        ("<sip:x@my host>", ""),
        ("", ""),
    ]
    return draw.pick("Contact", right, sloppy)


def invite(chance: Random, number: int) -> Drawn:
    """Write an INVITE of a telephone, its description included."""
    draw = Draw.of(chance, ("start line", "Via", "From", "To", "Call-ID", "CSeq", "body"))
    user, dialled = draw.pick("user", USERS, ODD_USERS), "380441234567"
    uri = f"sip:{dialled}@192.0.2.1"
    start = draw.pick(
        "start line",
        [f"INVITE {uri} SIP/2.0", f"INVITE {uri};user=phone SIP/2.0", f"INVITE {uri} sip/2.0"],
        [f"INVITE  {uri} SIP/2.0", f"INVITE <{uri}> SIP/2.0", f"INVITE {uri} SIP/2.0 "],
        ["INVITE SIP/2.0", f"INVITE {uri} HTTP/1.1", f"INVITE {uri} SIP/3.0", f"INVITE {uri}"],
    )
    via = f"192.0.2.10:5060;branch=z9hG4bK{number}"
    hop = draw.pick(
        "Via",
        [f"SIP/2.0/UDP {via}", f"SIP/2.0/UDP {via};rport", f"SIP / 2.0 / UDP {via}"],
        [
            f"sip/2.0/udp {via};received=x;;",
            f"SIP/2.0/UDP {via}, nonsense",
            f"SIP/2.0/UDP {HOST}:99999",
        ],
        ["nonsense", "SIP/2.0/UDP"],
    )
    where, target = contact(draw, "a")
    call_id = draw.pick("Call-ID", [f"c{number}@h", f"{{c{number}}}"], (), ["", "c d"])
    cseq = draw.pick(
        "CSeq",
        ["1 INVITE", "0001 INVITE", "2147483647 INVITE", "0\tINVITE"],
        ["1 Invite", "1  invite"],
        ["INVITE", "1 BYE", "-1 INVITE", "99999999999 INVITE", ""],
    )
    body, sound = describe(draw)
    from_ = end(draw, "From", user, "f1", NO_ADDRESS)
    to = end(draw, "To", (dialled, dialled), "", NO_ADDRESS[:2]).replace(";tag=", ";x-tag=")
    lines = [
        f"{spelled(draw, 'Via', 'v')}{hop}",
        f"{spelled(draw, 'From', 'f')}{from_}",
        f"{spelled(draw, 'To', 't')}{to.replace(';TAG=', ';x-tag=')}",
        f"{spelled(draw, 'Call-ID', 'i')}{call_id}",
        f"{spelled(draw, 'CSeq')}{cseq}",
        f"{spelled(draw, 'Contact', 'm')}{where}",
        "Max-Forwards: " + draw.pick("Max-Forwards", ["70", "1", "255"], ["", "many", "256"]),
    ]
    data = written(draw, start, lines, body)
    means = {"user": user[1], "dialled": dialled, "target": target, "sound": sound}
    return drawn(draw, data, **means)


def written(draw: Draw, start: str, lines: list[str], body: bytes) -> bytes:
    """Put a datagram together: ornaments, order, line ends and the length of its body."""
    if body:
        lines.append(
            draw.pick(
                "Content-Type",
                ["Content-Type: application/sdp", "c: Application/SDP;charset=utf-8"],
                ["X-No: type", "Content-Type:", "Content-Type: application/sdp\r\nc: text/plain"],
            )
        )
    # A second Via in an answer means that it is somebody else's (RFC 3261 §8.1.3.3).
    odd = [
        text for text in ODD_ORNAMENTS if not (start.upper().startswith("SIP/") and "Via" in text)
    ]
    several = range(draw.chance.randrange(4))
    lines += [draw.pick("ornament", ORNAMENTS, odd) for _ in several]
    top, *rest = lines
    draw.chance.shuffle(rest)
    fold = draw.pick("folding", [" ", "\r\n ", "\r\n\t"])
    head = "\r\n".join([start, top, *rest, f"Subject: a{fold}b"])
    length = len(body)
    lengths = [length + 7, -1, 9_999, ""] if body.endswith(b"\n") else [-1, ""]
    right = [f"Content-Length: {length}", f"l:{length}", "X: y"]
    is_cut = draw.pick("body", [False], (), [bool(body)])
    counted = right[0]
    if not is_cut:
        odd_lengths = [f"Content-Length: {number}" for number in lengths]
        counted = draw.pick("Content-Length", right, odd_lengths)
    head += f"\r\n{counted}\r\n\r\n"
    if draw.pick("line ends", [False], [True]):
        head = head.replace("\r\n", "\n")
    before = draw.pick("before", ["", "\r\n"], ["\r\n\0\n"])
    data = (before + head).encode("utf-8", "surrogateescape") + body
    if is_cut:
        return data[: -len(body) // 2].rstrip(b"\r\n")  # the rest of the datagram was lost
    return data


def answer(chance: Random, asked: Request, status: int) -> Drawn:
    """Write the answer of a telephone to an INVITE of ours."""
    draw = Draw.of(chance, ("start line", "Via", "CSeq"))
    via = str(asked.headers.get("Via"))
    start = draw.pick(
        "start line",
        [f"SIP/2.0 {status} OK", f"SIP/2.0 {status} ", f"sip/2.0 {status} Добре"],
        [f"SIP/2.0  {status} OK", f"SIP/2.0 {status}"],
        ["SIP/2.0 2x0 OK", f"SIP/3.0 {status} OK", "SIP/2.0 999 OK"],
    )
    hop = draw.pick(
        "Via",
        [via, f"{via};received=192.0.2.1", via.replace("SIP/2.0/", "SIP / 2.0 / ")],
        [via.replace("SIP/2.0/UDP", "sip/2.0/udp") + ';x="', f"{via};;"],
        ["nonsense", "SIP/2.0/UDP"],
    )
    ours = str(asked.headers.get("From"))
    from_ = draw.pick("From", [ours], ["", '""Us" <x', ours.replace("<", '"a"b" <')])
    to = end(draw, "To", ("bob", "bob"), "t1", [])
    cseq = draw.pick("CSeq", ["1 INVITE", "01  INVITE"], (), ["", "INVITE", "x INVITE"])
    where, target = contact(draw, "bob")
    body, sound = describe(draw) if status == 200 else (b"", None)
    lines = [
        f"{spelled(draw, 'Via', 'v')}{hop}",
        f"{spelled(draw, 'From', 'f')}{from_}",
        f"{spelled(draw, 'To', 't')}{to}",
        f"{spelled(draw, 'Call-ID', 'i')}{asked.call_id}",
        f"{spelled(draw, 'CSeq')}{cseq}",
        f"{spelled(draw, 'Contact', 'm')}{where}",
    ]
    data = written(draw, start, lines, body)
    return drawn(draw, data, target=target, sound=sound)


def register(chance: Random, number: int) -> Drawn:
    """Write a REGISTER of a telephone, at home or behind a NAT."""
    draw = Draw.of(chance, ("Contact", "Path"))
    port = draw.pick("port", [5060, 40_123])
    plain = f"sip:101@{HOST}:5070"
    where, uri = draw.pick(
        "Contact",
        [(f"<{plain}>", plain), (plain, plain), (f'"A" <{plain}>;expires=600', plain)],
        [(f'"A "B" C" <{plain}>', plain), (f"nonsense, <{plain}>", plain), (f"<{plain}", plain)],
        [("nonsense", ""), ("<sip:x@my host>", ""), ("<>", "")],
    )
    path = draw.pick(
        "Path",
        ["Subject: none", "Path: <sip:p.example.com;lr>"],
        ["Path: sip:p.example.com;lr", 'Path: "x "y" z" <sip:p.example.com;lr>'],
        ["Path: nonsense", "Path: <sip:"],
    )
    user = ("101", "101")
    lines = [
        f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bK{number};rport",
        f"From: {end(draw, 'From', user, 'f', [])}",
        f"To: {end(draw, 'To', user, '', []).replace(';tag=', ';x=').replace(';TAG=', ';x=')}",
        f"Call-ID: r{number}",
        "CSeq: " + draw.pick("CSeq", ["7 REGISTER"], ["7 register"]),
        f"{spelled(draw, 'Contact', 'm')}{where}",
        path,
        "Expires: " + draw.pick("Expires", ["600", "86400"], ["", "soon"]),
    ]
    data = written(draw, "REGISTER sip:192.0.2.1 SIP/2.0", lines, b"")
    told = "" if path.startswith("Subject") else "<sip:p.example.com;lr>"
    return drawn(draw, data, uri=uri, path=told, at_home=port == 5060)


INFOS = [
    ("application/dtmf-relay", "Signal={key}\r\nDuration=160\r\n"),
    ("application/dtmf-relay", "Signal= {key}\nDuration= 160\n"),
    ("application/dtmf", "{key}"),
    ("audio/telephone-event", "{key}\r\n"),
]
ODD_INFOS = [
    ("application/dtmf-relay; charset=x", "signal:{key}\r\n"),
    ("Application/DTMF", " {key} \r\n\r\n"),
    ("application/dtmf", "d={key}"),
    ("", "Signal={key}\r\n"),
    ("", "{key}"),
    ("audio/telephone-event", "d={key}\nDuration=100"),
]
NO_INFOS = [("text/plain", "{key}"), ("application/dtmf", "flash{key}"), ("", "<x>{key}</x>")]


def info(chance: Random) -> Drawn:
    """Write the body of an INFO, and say which keys it tells of."""
    draw = Draw.of(chance, ("form",))
    keys = draw.pick("keys", [*"0123456789*#ABCD"], ["47", "123456", "0000", "99#"])
    kind, form = draw.pick("form", INFOS, ODD_INFOS, NO_INFOS)
    return drawn(draw, form.format(key=keys).encode(), keys=keys, kind=kind)


PLAIN_OPTIONS = (
    "OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bK{number}\r\n"
    "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: s{number}\r\nCSeq: 1 OPTIONS\r\n"
    "Content-Length: {length}\r\n\r\n{body}"
)


def stream(chance: Random) -> tuple[list[bytes], list[str]]:
    """Write a connection's bytes, cut anywhere, and what comes out: a Call-ID, or `wrong`."""
    pieces: list[str] = []
    expected: list[str] = []
    for number in range(chance.randrange(1, 6)):
        body = chance.choice(
            ["", "", "v=0\r\n", PLAIN_OPTIONS.format(number=99, length=0, body="")]
        )
        text = PLAIN_OPTIONS.format(number=number, length=len(body), body=body)
        wrong = chance.random() < 0.2
        if wrong:
            before, after = chance.choice(
                [
                    ("SIP/2.0\r\nVia", "SIP/9.0\r\nVia"),
                    ("From: <sip:a@h>", "From: x"),
                    ("CSeq: 1", "CSeq: y"),
                ]
            )
            text = text.replace(before, after, 1)
        pieces.append(chance.choice(["", "", "\r\n", "\0", "\n\n", "\r\0\n", "\0" * 40]) + text)
        expected.append("wrong" if wrong else f"s{number}")
    data = "".join(pieces).encode()
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(6)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)], expected
