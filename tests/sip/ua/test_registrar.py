"""A REGISTER changes the bindings of its account wholly or not at all, and says what then holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchhook.sip.ua.registrar import Registrar, RegistrarLimits, Registration, register
from switchhook.sip.wire.message import Request
from switchhook.sip.wire.parser import MessageError, parse_message
from switchhook.sip.wire.transport import Peer

PHONE = Peer("UDP", "192.0.2.10", 5060)
NAT = Peer("UDP", "198.51.100.1", 40001)
CONNECTION = Peer("TCP", "192.0.2.10", 51000, 7)
NOW = 1_700_000_000.0


def request(*lines: str, cseq: int = 1, call_id: str = "c1", via: str = "192.0.2.10") -> Request:
    message = parse_message(
        "\r\n".join(
            [
                "REGISTER sip:pbx SIP/2.0",
                f"Via: SIP/2.0/UDP {via};branch=z9hG4bK1",
                "From: <sip:100@pbx>;tag=1",
                "To: <sip:100@pbx>",
                f"Call-ID: {call_id}",
                f"CSeq: {cseq} REGISTER",
                *lines,
                "\r\n",
            ]
        ).encode()
    )
    assert isinstance(message, Request)
    return message


class Talk:
    """A telephone and the registrar in turns, on one account."""

    def __init__(self, limits: RegistrarLimits | None = None) -> None:
        self.registrar = Registrar(limits) if limits else Registrar()
        self.cseq = 0
        self.now = NOW

    def says(
        self, *lines: str, source: Peer = PHONE, call_id: str = "c1", cseq: int = 0
    ) -> Registration:
        self.cseq += 1
        said = request(*lines, cseq=cseq or self.cseq, call_id=call_id)
        return self.registrar.register(said, "100", source, self.now)

    def bound(self) -> list[str]:
        return [str(binding.contact) for binding in self.registrar.lookup("100", self.now)]


def test_add_refresh_remove() -> None:
    talk = Talk()
    added = talk.says("Contact: <sip:100@192.0.2.10>", "Expires: 600")
    assert (added.status, added.headers) == (
        200,
        (("Contact", "<sip:100@192.0.2.10>;expires=600"),),
    )
    talk.now += 500
    assert talk.bound() == ["<sip:100@192.0.2.10>"]
    talk.says("Contact: <sip:100@192.0.2.10>", "Expires: 600")
    talk.now += 599
    assert talk.bound() == ["<sip:100@192.0.2.10>"]
    removed = talk.says("Contact: <sip:100@192.0.2.10>", "Expires: 0")
    assert (removed.status, removed.headers, talk.bound()) == (200, (), [])


def test_a_binding_ends_by_itself() -> None:
    talk = Talk()
    talk.says("Contact: <sip:100@192.0.2.10>;expires=100")
    talk.now += 100
    assert talk.bound() == []
    assert talk.registrar._bindings
    talk.registrar.expire(talk.now)
    assert not talk.registrar._bindings


def test_without_contact_it_only_asks() -> None:
    talk = Talk()
    assert talk.says().headers == ()
    talk.says("Contact: <sip:100@192.0.2.10>;q=0.5;expires=100")
    talk.now += 40
    assert talk.says().headers == (("Contact", "<sip:100@192.0.2.10>;q=0.5;expires=60"),)


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (("Contact: <sip:a@h>",), 3600),
        (("Contact: <sip:a@h>", "Expires: 120"), 120),
        (("Contact: <sip:a@h>;expires=90", "Expires: 120"), 90),
        (("Contact: <sip:a@h>;expires=soon",), 3600),
        (("Contact: <sip:a@h>;expires=-5",), 3600),
        (("Contact: <sip:a@h>;expires=99999999999999999999",), 3600),
        (("Contact: <sip:a@h>;expires=86400",), 3600),
        (("Contact: <sip:a@h>;expires=0060",), 60),
    ],
)
def test_how_long_a_binding_lasts(lines: tuple[str, ...], seconds: int) -> None:
    (binding,) = register((), request(*lines), PHONE, NOW).bindings
    assert binding.expires_at == NOW + seconds


def test_too_short_is_refused_with_what_is_long_enough() -> None:
    refused = register((), request("Contact: <sip:a@h>;expires=59"), PHONE, NOW)
    assert (refused.status, refused.headers, refused.bindings) == (
        423,
        (("Min-Expires", "60"),),
        (),
    )


def test_star_removes_all() -> None:
    talk = Talk()
    talk.says("Contact: <sip:a@h>, <sip:b@h>")
    talk.says("Contact: <sip:c@h>", call_id="other")
    removed = talk.says("Contact: *", "Expires: 0")
    assert (removed.status, removed.headers, talk.bound()) == (200, (), [])


@pytest.mark.parametrize(
    "lines",
    [
        ("Contact: *",),
        ("Contact: *", "Expires: 60"),
        ("Contact: *, <sip:a@h>", "Expires: 0"),
        ("Contact: *", "Contact: <sip:a@h>", "Expires: 0"),
    ],
)
def test_star_stands_alone_with_expires_0(lines: tuple[str, ...]) -> None:
    talk = Talk()
    talk.says("Contact: <sip:a@h>")
    assert talk.says(*lines).status == 400
    assert talk.bound() == ["<sip:a@h>"]


@pytest.mark.parametrize("lines", [("Contact: <sip:a@h>",), ("Contact: *", "Expires: 0")])
def test_who_was_overtaken_changes_nothing(lines: tuple[str, ...]) -> None:
    talk = Talk()
    talk.says("Contact: <sip:a@h>;expires=600", cseq=5)
    for cseq in (5, 4):
        assert talk.says(*lines, cseq=cseq).status == 500
    assert talk.says(*lines, cseq=1, call_id="c2").status == 200


def test_it_is_done_wholly_or_not_at_all() -> None:
    talk = Talk()
    talk.says("Contact: <sip:a@h>")
    refused = talk.says("Contact: <sip:b@h>, <sip:a@h>;expires=0, <sip:c@h>;expires=5")
    assert refused.status == 423
    assert talk.bound() == ["<sip:a@h>"]


def test_several_contacts_in_one_request() -> None:
    talk = Talk()
    said = talk.says("Contact: <sip:a@h>;q=0.2", "m: <sip:b@h>;q=0.9, <sip:c@h>;q=0.5;expires=60")
    assert len(said.headers) == 3
    assert talk.bound() == ["<sip:b@h>;q=0.9", "<sip:c@h>;q=0.5", "<sip:a@h>;q=0.2"]
    talk.says("Contact: <sip:b@h>;expires=0, <sip:d@h>")
    assert talk.bound() == ["<sip:d@h>", "<sip:c@h>;q=0.5", "<sip:a@h>;q=0.2"]


def test_the_same_contact_twice_is_one() -> None:
    talk = Talk()
    talk.says("Contact: <sip:a@h>, <sip:%61@H>")
    assert len(talk.bound()) == 1


def test_contacts_are_compared_as_uris() -> None:
    talk = Talk()
    talk.says("Contact: <sip:a@h;transport=UDP>")
    talk.says("Contact: <sip:a@H;transport=udp;x=1>")
    assert talk.bound() == ["<sip:a@h;transport=udp;x=1>"]


def test_the_newest_ten_stay() -> None:
    talk = Talk()
    for number in range(14):
        talk.now += 1
        talk.says(f"Contact: <sip:a@h:{5000 + number}>")
    assert talk.bound() == [f"<sip:a@h:{5000 + number}>" for number in range(13, 3, -1)]
    many = ", ".join(f"<sip:b@h:{number}>" for number in range(6000, 6020))
    assert len(talk.says(f"Contact: {many}").headers) == 10


def test_a_device_that_starts_again_takes_its_place() -> None:
    talk = Talk()
    talk.says('Contact: <sip:a@h:1>;+sip.instance="<urn:uuid:1>"', call_id="before")
    talk.says('Contact: <sip:a@h:2>;+sip.instance="<urn:uuid:2>"', call_id="another")
    talk.says('Contact: <sip:a@h:3>;+sip.instance="<urn:uuid:1>"', call_id="after")
    assert [line.partition(";")[0] for line in talk.bound()] == ["<sip:a@h:3>", "<sip:a@h:2>"]


def test_a_device_may_have_several_ways() -> None:
    talk = Talk()
    talk.says('Contact: <sip:a@h:1>;+sip.instance="<urn:x>", <sip:a@h:2>;+sip.instance="<urn:x>"')
    assert len(talk.bound()) == 2
    talk.says('Contact: <sip:a@h:3>;reg-id=1;+sip.instance="<urn:y>"')
    talk.says('Contact: <sip:a@h:4>;reg-id=2;+sip.instance="<urn:y>"')
    assert len(talk.bound()) == 4


def test_only_what_can_be_called_is_bound() -> None:
    talk = Talk()
    for contact in ("<tel:+7495>", "<sips:a@h>", "<mailto:a@h>"):
        assert talk.says(f"Contact: {contact}").status == 400
    assert talk.bound() == []


def test_headers_in_a_contact_are_dropped() -> None:
    talk = Talk()
    talk.says("Contact: <sip:a@h?Route=%3Csip:evil%3E>")
    assert talk.bound() == ["<sip:a@h>"]


def test_accounts_do_not_see_each_other() -> None:
    registrar = Registrar()
    registrar.register(request("Contact: <sip:a@h>"), "100", PHONE, NOW)
    assert registrar.lookup("101", NOW) == ()
    registrar.register(request("Contact: *", "Expires: 0"), "101", PHONE, NOW)
    assert len(registrar.lookup("100", NOW)) == 1


@pytest.mark.parametrize(
    ("contact", "source", "peer"),
    [
        ("<sip:a@192.0.2.10:5062>", PHONE, Peer("UDP", "192.0.2.10", 5062)),
        ("<sip:a@192.0.2.10:0>", PHONE, PHONE),
        ("<sip:a@192.0.2.10>", PHONE, Peer("UDP", "192.0.2.10", 5060)),
        ("<sip:a@192.0.2.10:5062;transport=UDP>", PHONE, Peer("UDP", "192.0.2.10", 5062)),
        ("<sip:a@192.0.2.10:5062;transport=tcp>", PHONE, Peer("TCP", "192.0.2.10", 5062)),
        ("<sip:a@192.0.2.10:5062;transport=ws>", PHONE, PHONE),
        ("<sip:a@10.0.0.5:5062>", NAT, NAT),
        ("<sip:a@phone.example.com:5062>", NAT, NAT),
        ("<sip:a@198.51.100.1:5062>", NAT, NAT),
        ("<sip:a@192.0.2.10:5062;transport=tcp>", CONNECTION, CONNECTION),
        ("<sip:a@10.0.0.5>", CONNECTION, CONNECTION),
    ],
)
def test_the_way_to_a_telephone(contact: str, source: Peer, peer: Peer) -> None:
    (binding,) = register((), request(f"Contact: {contact}"), source, NOW).bindings
    assert binding.peer == peer


@pytest.mark.parametrize(
    ("via", "contact", "source", "peer"),
    [
        # The same host, another port: a NAT of which the telephone knows (FA-05).
        ("192.0.2.10:23777;rport", "192.0.2.10:23777", Peer("UDP", "192.0.2.10", 40001), None),
        ("192.0.2.10;rport", "192.0.2.10", Peer("UDP", "192.0.2.10", 40001), None),
        ("10.0.0.5:5060;rport", "192.0.2.10:40001", Peer("UDP", "192.0.2.10", 40001), None),
        ("phone.local:5060", "192.0.2.10", PHONE, None),
        # No NAT: the telephone says where it wants its calls.
        ("192.0.2.10:5060", "192.0.2.10:5062", PHONE, Peer("UDP", "192.0.2.10", 5062)),
        ("192.0.2.10:9", "192.0.2.10:9", Peer("UDP", "192.0.2.10", 9), None),
        # A desk phone that sends from one port and listens at another, as it says: its 200 goes there too.
        ("192.0.2.10:5060", "192.0.2.10", Peer("UDP", "192.0.2.10", 49001), PHONE),
        (
            "[2001:db8::1]:9",
            "[2001:db8::1]:5062",
            Peer("UDP", "2001:db8::1", 9),
            Peer("UDP", "2001:db8::1", 5062),
        ),
        ("192.0.2.10:23777", "192.0.2.10:23777", CONNECTION, None),
    ],
)
@pytest.mark.row("FA-05")
def test_calls_go_where_a_register_came_from_that_a_nat_changed(
    via: str, contact: str, source: Peer, peer: Peer | None
) -> None:
    said = request(f"Contact: <sip:a@{contact}>", via=via)
    (binding,) = register((), said, source, NOW).bindings
    assert binding.peer == (peer or source)


@pytest.mark.row("FI-09")
def test_a_path_is_kept_and_told() -> None:
    said = request(
        "Contact: <sip:a@10.9.9.9>",
        "Path: <sip:tok@192.0.2.10;lr>",
        "Path: <sip:192.0.2.77;lr>, sip:192.0.2.78;lr",
        "Supported: path",
    )
    done = register((), said, PHONE, NOW)
    (binding,) = done.bindings
    path = ["<sip:tok@192.0.2.10;lr>", "<sip:192.0.2.77;lr>", "<sip:192.0.2.78;lr>"]
    assert [str(proxy) for proxy in binding.path] == path
    assert [value for name, value in done.headers if name == "Path"] == path


@pytest.mark.parametrize(
    ("path", "source", "peer"),
    [
        ("sip:192.0.2.10:5080;lr", PHONE, Peer("UDP", "192.0.2.10", 5080)),
        ("sip:192.0.2.10;lr", PHONE, PHONE),
        ("sip:sbc.example.com;lr", PHONE, PHONE),
        ("sip:203.0.113.9;lr", PHONE, PHONE),  # nobody sends our calls to another's address
        ("sip:192.0.2.10:5080;lr", CONNECTION, CONNECTION),
        ("sip:198.51.100.1:5080;lr", NAT, NAT),
    ],
)
@pytest.mark.row("FI-09")
def test_the_way_through_a_proxy(path: str, source: Peer, peer: Peer) -> None:
    said = request("Contact: <sip:a@192.0.2.10:5062>", f"Path: <{path}>")
    (binding,) = register((), said, source, NOW).bindings
    assert binding.peer == peer


def test_a_path_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(MessageError, match="Path"):
        request("Contact: <sip:a@10.9.9.9>", "Path: <nonsense>")
    many = register((), request("Contact: <sip:a@h>", *["Path: <sip:p;lr>"] * 21), PHONE, NOW)
    assert (many.status, many.bindings) == (400, ())


def test_a_refresh_from_another_place_moves_the_way() -> None:
    talk = Talk()
    talk.says("Contact: <sip:a@10.0.0.5>", source=NAT)
    moved = Peer("UDP", "198.51.100.1", 40002)
    talk.says("Contact: <sip:a@10.0.0.5>", source=moved)
    assert [binding.peer for binding in talk.registrar.lookup("100", NOW)] == [moved]


def test_a_closed_connection_takes_its_telephones_along() -> None:
    talk = Talk()
    talk.says("Contact: <sip:a@10.0.0.5>", source=CONNECTION)
    talk.says("Contact: <sip:b@192.0.2.10>", source=PHONE)
    talk.registrar.flow_closed(CONNECTION)
    assert talk.bound() == ["<sip:b@192.0.2.10>"]


@pytest.mark.parametrize("q", ["x", "-1", "7", "nan", "inf", ""])
def test_a_strange_preference_is_none(q: str) -> None:
    (binding,) = register((), request(f"Contact: <sip:a@h>;q={q}"), PHONE, NOW).bindings
    assert binding.preference == 1.0


@pytest.mark.row("FA-01")
def test_a_contact_that_cannot_be_called_does_not_take_the_others_along() -> None:
    talk = Talk()
    done = talk.says("Contact: <sip:a@h>, <tel:+7495>, <sips:a@h>", "Contact: <mailto:a@h>")
    assert (done.status, talk.bound()) == (200, ["<sip:a@h>"])


@pytest.mark.row("FA-05")
def test_telephones_of_two_homes_with_one_private_address_both_stay() -> None:
    """Routers of one make give the first telephone of each home the same address."""
    talk = Talk()
    other = Peer("UDP", "198.51.100.2", 40001)
    contact = "Contact: <sip:100@192.168.1.10>"
    talk.says(contact, source=NAT, call_id="one")
    talk.says(contact, source=other, call_id="two")
    assert {b.peer for b in talk.registrar.lookup("100", NOW)} == {NAT, other}
    talk.says(contact, "Expires: 0", source=NAT, call_id="one")
    assert [b.peer for b in talk.registrar.lookup("100", NOW)] == [other]


@pytest.mark.row("FA-05")
@pytest.mark.parametrize(("source", "call_id"), [(NAT, "new"), (replace(NAT, port=9), "new")])
def test_a_telephone_that_was_started_again_behind_its_nat_is_the_same(
    source: Peer, call_id: str
) -> None:
    talk = Talk()
    contact = "Contact: <sip:100@192.168.1.10>"
    talk.says(contact, source=NAT, call_id="one")
    talk.says(contact, source=source, call_id=call_id)
    assert [b.peer for b in talk.registrar.lookup("100", NOW)] == [source]


@pytest.mark.row("FA-01")
def test_a_telephone_that_counts_from_one_again_stays_registered() -> None:
    """Some start with CSeq 1 and the same Call-ID after each restart, or for each REGISTER."""
    talk = Talk()
    talk.says("Contact: <sip:a@h>", "Expires: 60", cseq=100)
    talk.now += 31
    assert talk.says("Contact: <sip:a@h>", "Expires: 60", cseq=1).status == 500
    talk.now += 1
    assert talk.says("Contact: <sip:a@h>", "Expires: 60", cseq=1).status == 200
    talk.now += 59
    assert talk.bound() == ["<sip:a@h>"]
    assert talk.says("Contact: *", "Expires: 00", cseq=1).status == 200
    assert talk.bound() == []
