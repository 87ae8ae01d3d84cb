"""The registration of a trunk with its carrier: the REGISTER, its response, and calls that come by it. Pure."""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from switchhook.drivers.embedded.dialling import credentials_for, destination_behind
from switchhook.drivers.embedded.networks import sources_of
from switchhook.drivers.embedded.translate import number_of
from switchhook.sip.ua.commands import SendOutOfDialog
from switchhook.sip.wire.errors import SipError
from switchhook.sip.wire.header_values import NameAddress
from switchhook.sip.wire.uri import Uri, escape_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchhook.domain.directory import ProjectDirectory
    from switchhook.domain.project import ProjectSnapshot, Trunk
    from switchhook.sip.wire.headers import HeaderFields
    from switchhook.sip.wire.message import Request, Response
    from switchhook.sip.wire.transport import Peer

LINE: Final = "line"
"""The parameter of our Contact by which a carrier's calls are known for the trunk's."""
EXPIRES: Final = 600
"""Seconds asked for."""
LEAST_EXPIRES: Final = 30
MOST_EXPIRES: Final = 7200
FIRST_PAUSE: Final = 30.0
"""Seconds until a registration that failed is tried again; twice as long after each further failure."""
LONGEST_PAUSE: Final = 1800.0
REFUSED_PAUSE: Final = 300.0
"""Seconds at least where our password was refused: carriers lock out who goes on trying."""
REFUSALS: Final = frozenset({401, 403, 407})

TrunkKey = tuple[str, str]
"""Project and name of a trunk."""


def line_of(project: str, trunk: Trunk) -> str:
    """Return a token that only holders of the trunk's password can derive; the registrar gets it in our Contact."""
    named = f"{project}\0{trunk.name}\0{trunk.username}\0{trunk.host}"
    return hmac.new(trunk.password.encode(), named.encode(), sha256).hexdigest()[:20]


def register(
    project: str,
    trunk: Trunk,
    peer: Peer,
    *,
    local: tuple[str, int],
    ref: str,
    call_id: str,
    cseq: int,
    expires: int,
) -> SendOutOfDialog:
    """Return the REGISTER to one address of the carrier; `expires` 0 takes the registration back."""
    host, port = local
    ours = Uri(user=escape_user(trunk.username), host=host, port=port)
    parameters = ours.parameters.set(LINE, line_of(project, trunk))
    if peer.reliable:
        parameters = parameters.set("transport", "tcp")
    contact = ours.replace(parameters=parameters)
    address = NameAddress(uri=Uri.of(trunk.username, trunk.uri_host))
    headers: HeaderFields = (("Contact", f"<{contact}>"), ("Expires", str(expires)))
    return SendOutOfDialog(
        ref=ref,
        method="REGISTER",
        uri=destination_behind(trunk, None).uri,
        from_=address,
        to=address,
        peer=peer,
        call_id=call_id,
        cseq=cseq,
        headers=headers,
        credentials=credentials_for(trunk),
    )


def options(trunk: Trunk, peer: Peer, *, our_host: str, ref: str, call_id: str) -> SendOutOfDialog:
    """Return the OPTIONS that asks one address of a trunk whether it is there (RFC 3261 §11)."""
    us = NameAddress(uri=Uri.of(trunk.username or "switchhook", our_host))
    uri = destination_behind(trunk, None).uri
    return SendOutOfDialog(
        ref=ref,
        method="OPTIONS",
        uri=uri,
        from_=us,
        to=NameAddress(uri=uri),
        peer=peer,
        call_id=call_id,
        headers=(("Accept", "application/sdp"),),
        credentials=credentials_for(trunk),
    )


def granted(response: Response, project: str, trunk: Trunk) -> int:
    """Return for how many seconds the carrier registered us: of our own Contact, else as it says at all.

    Some carriers write our Contact anew. Then the shortest time holds that any Contact has: it is never
    wrong to refresh too early.
    """
    try:
        contacts = response.contacts
    except SipError:
        contacts = ()
    line = line_of(project, trunk)
    ours = [contact for contact in contacts if contact.uri.parameters.get(LINE) == line]
    times = [_seconds(contact.parameters.get("expires")) for contact in ours or contacts]
    granted = min(filter(None, times), default=0) or _seconds(response.headers.get("Expires"))
    return min(max(granted, LEAST_EXPIRES), MOST_EXPIRES) if granted else EXPIRES


def _seconds(text: str | None) -> int:
    """Read a time in seconds; 0 where there is none."""
    return int(text[:9]) if text and text.isascii() and text.isdigit() else 0


def least_wanted(response: Response) -> int:
    """Return the Min-Expires of a 423; 0 where there is none to follow (RFC 3261 §10.2.8)."""
    text = response.headers.get("Min-Expires") or ""
    seconds = int(text[:9]) if text.isascii() and text.isdigit() else 0
    return seconds if response.status == 423 and seconds <= MOST_EXPIRES else 0


def pause_after(failures: int, status: int, response: Response | None) -> float:
    """Return how many seconds to wait after a failure; what the carrier says of when is heeded."""
    pause = min(FIRST_PAUSE * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE)
    if status in REFUSALS:
        pause = max(pause, REFUSED_PAUSE)
    text = "" if response is None else (response.headers.get("Retry-After") or "").split("(")[0]
    text = text.partition(";")[0].strip()
    if text.isascii() and text.isdigit():
        pause = max(pause, min(float(text[:6]), LONGEST_PAUSE))
    return pause


def caller_trunk(
    request: Request,
    host: str,
    directory: ProjectDirectory,
    registrars: Mapping[str, frozenset[TrunkKey]],
) -> tuple[ProjectSnapshot, Trunk] | None:
    """Return the trunk whose registration a call comes by: to the Contact that we gave, or from the carrier.

    `registrars` are the addresses that took registrations. Others are at such an address too: further customers
    of the carrier, telephones behind one NAT. So the called user or number decides whose call it is; a call
    with neither belongs to no trunk.
    """
    line = request.uri.parameters.get(LINE) or ""
    if line and (known := _lines_of(directory).get(line)):
        return known
    found = [
        (snapshot, trunk)
        for project, name in sorted(registrars.get(host, ()))
        if (snapshot := directory.snapshots.get(project)) is not None
        for trunk in snapshot.project.trunks
        if trunk.register and trunk.name == name
    ]
    return _called_at(request, host, found, directory) if found else None


@lru_cache(maxsize=1)  # a book is never changed, and the former one is of no use
def _lines_of(directory: ProjectDirectory) -> Mapping[str, tuple[ProjectSnapshot, Trunk]]:
    """Return the registering trunks by their lines, which cannot be guessed a part at a time: they are digests."""
    return {
        line_of(snapshot.project.id, trunk): (snapshot, trunk)
        for snapshot, trunk in directory.trunks()
        if trunk.register
    }


def _called_at(
    request: Request,
    host: str,
    found: list[tuple[ProjectSnapshot, Trunk]],
    directory: ProjectDirectory,
) -> tuple[ProjectSnapshot, Trunk] | None:
    """Return the called trunk among those that registered at one address, if it is clear."""
    user = request.uri.username
    # A telephone at that address that dials a colleague does not call the trunk's user.
    is_account = directory.account(number_of(request.from_.uri)) is not None
    groups = directory.dialled(user)
    named = [
        (snapshot, trunk)
        for snapshot, trunk in found
        if _is_called(snapshot, groups, host, directory)
        or (user == trunk.username and not is_account)
    ]
    return named[0] if len(named) == 1 else None


def _is_called(
    snapshot: ProjectSnapshot,
    groups: tuple[tuple[ProjectSnapshot, ...], ...],
    host: str,
    directory: ProjectDirectory,
) -> bool:
    """Say whether a number of the project is called, and more surely than one of another that is known there."""
    for called in groups:
        if snapshot in called:
            return True
        if any(other in called for _, other, _ in sources_of(directory).at(host)):
            return False
    return False
