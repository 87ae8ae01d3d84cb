"""A telephone of nothing but a socket: the test says what it sends, and when."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

from switchhook.sip.wire.message import Request, Response
from switchhook.sip.wire.parser import parse_message
from tests.support.sip import SDP, read_response, request
from tests.support.sip_wire import Udp

if TYPE_CHECKING:
    from typing import Self

_numbers = count(1)


class BareCaller(Udp):
    """Calls `dialled` at a port of this machine, as `who`, once."""

    def __init__(self, port: int, dialled: str, who: str) -> None:
        super().__init__(port)
        self.who = who
        self.tag = ""
        """That of the other end, once it gave one."""
        self._dialled = dialled
        self._call_id = f"bare{next(_numbers)}-{self.port}"
        self._target_uri = f"sip:{dialled}@127.0.0.1:{port}"
        self._sent: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def send_request(self, method: str, *extra: str, cseq: int = 1, body: bytes = b"") -> None:
        """Send a request; the same once more where this one was sent before."""
        name = f"{method} {cseq}"
        if name not in self._sent:
            branch = "1" if method == "CANCEL" else name.replace(" ", "")
            branch = "1" if name == "INVITE 1" else branch
            to = f"<sip:{self._dialled}@127.0.0.1>"
            tagged = self.tag and method != "CANCEL" and name != "INVITE 1"
            self._sent[name] = bytes(
                request(
                    method,
                    *extra,
                    uri=self._target_uri,
                    via=f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{self._call_id}{branch}",
                    from_=f"<sip:{self.who}@127.0.0.1>;tag=a",
                    to=f"{to};tag={self.tag}" if tagged else to,
                    call_id=self._call_id,
                    cseq=cseq,
                    contact=f"<sip:{self.who}@127.0.0.1:{self.port}>",
                    body=body,
                )
            )
        self.send(self._sent[name])

    async def answer_to(self, method: str, within: float = 5.0) -> Response:
        """Wait for a final response to a method; what else comes is passed over, but answered."""
        async with asyncio.timeout(within):
            while True:
                data = await self.receive(within)
                message = parse_message(data)
                if isinstance(message, Request):
                    self.send(bytes(message.response(200)))
                    continue
                self.tag = message.to.tag or self.tag
                if message.status >= 200 and message.cseq.method == method:
                    return read_response(data)

    async def request_of_theirs(
        self, method: str, within: float = 5.0, status: int = 200
    ) -> Request:
        """Wait for a request of the other end, and answer it with this status."""
        async with asyncio.timeout(within):
            while True:
                message = parse_message(await self.receive(within))
                if isinstance(message, Request):
                    wanted = message.method == method
                    self.send(bytes(message.response(status if wanted else 200)))
                    if wanted:
                        return message

    async def talk(self) -> None:
        """Call, be answered and acknowledge."""
        self.send_request("INVITE", body=SDP)
        response = await self.answer_to("INVITE")
        assert response.status == 200, response
        self.send_request("ACK")
