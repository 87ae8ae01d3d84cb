"""How evenly prompts flow while calls are set up: in the main loop, or in a thread of their own.

    python -m benchmarks.media [thread|loop] [--calls 50] [--blocked]

From the project's root. Prompts go to a listener in another process, which takes the time between two
packets of each; calls go from one telephone to another in the main loop of this process. With --blocked
something holds the loop for 30 ms five times a second. The exit status is 0 when p1 and p99 lie within
20 ± 5 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Final

from switchhook.app.application import settle
from switchhook.sip.net.rtp_thread import MediaThread
from switchhook.sip.rtp.commands import FarEnd, MediaStreamCommand, SetFarEnd, StartPlayback
from switchhook.sip.rtp.g711 import MU_LAW
from switchhook.sip.rtp.media import MediaStreams
from switchhook.sip.rtp.player import PcmSound
from switchhook.sip.rtp.sender import InitialNumbers
from switchhook.softphone.phone import PhoneBehaviour, RefusedError, Softphone
from switchhook.tasks import spawn

if TYPE_CHECKING:
    from switchhook.sip.rtp.commands import MediaStreamEvent

LISTENER: Final = r"""
import select, socket, sys, time
heard = {}
for _ in range(int(sys.argv[1])):
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    heard[ear.fileno()] = ear, []
poll = select.epoll()
for fileno in heard:
    poll.register(fileno, select.EPOLLIN)
print(*(ear.getsockname()[1] for ear, _ in heard.values()), flush=True)
end = None
while end is None or time.monotonic() < end:
    for fileno, _ in poll.poll(0.5):
        ear, times = heard[fileno]
        ear.recv(2000)
        times.append(time.monotonic())
        end = end or times[0] + float(sys.argv[2])
gaps = sorted(1000 * (b - a) for _, t in heard.values() for a, b in zip(t[25:], t[26:]))
outside = sum(not 15 <= gap <= 25 for gap in gaps) / len(gaps)
at = lambda share: f"p{100 * share:g} {gaps[min(len(gaps) - 1, int(share * len(gaps)))]:.1f}"
print(f"{len(gaps)} gaps, ms:", at(0.01), at(0.5), at(0.99), at(0.999),
      f"most {gaps[-1]:.1f}; outside 20 ± 5: {100 * outside:.2f} %")
sys.exit(not 15 <= gaps[int(0.01 * len(gaps))] <= gaps[int(0.99 * len(gaps))] <= 25)
"""


class InLoop:
    """What `MediaThread` does, in the main loop; only as far as playing goes."""

    def __init__(self, _: object) -> None:
        self._media = MediaStreams(silence=0, now=time.monotonic())
        self._sockets: dict[str, socket.socket] = {}

    async def start(self, stack: AsyncExitStack) -> None:
        stack.callback(self._close)
        self._tick()

    def _close(self) -> None:
        for bound in self._sockets.values():
            bound.close()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._media.tick(time.monotonic())
        for stream, data, address in self._media.take_packets():
            with suppress(OSError):
                self._sockets[stream].sendto(data, address)
        loop.call_at(self._media.wake_at or loop.time() + 0.02, self._tick)

    def open(self, stream: str, call: str) -> None:
        bound = self._sockets[stream] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.settimeout(0.0)
        self._media.open(
            stream, call, InitialNumbers(source=1, number=1, timestamp=1), time.monotonic()
        )

    def perform(self, command: MediaStreamCommand) -> None:
        self._media.perform(command, time.monotonic())


async def call(rate: float, seconds: float) -> None:
    """Set up so many calls a second between two telephones, and print how long that took."""
    loop = asyncio.get_running_loop()
    took: list[float] = []
    behaviour = PhoneBehaviour(hang_up_after=0.2)
    async with (
        Softphone("b", host="127.0.0.1", behaviour=behaviour) as b,
        Softphone("a", host="127.0.0.1") as a,
    ):

        async def one() -> None:
            began = loop.time()
            made = await a.call(str(b.uri))
            with suppress(RefusedError):
                await made.answered()
                took.append(1000 * (loop.time() - began))
                await made.ended()

        due = loop.time()
        running = []
        for number in range(int(rate * seconds)):
            running.append(spawn(one(), name=f"call {number}"))
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - loop.time()))
        await asyncio.gather(*running)
    took.sort()
    print(f"{len(took)} calls set up in p50 {took[len(took) // 2]:.1f} ms")


async def block(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.sleep(0.2)
        until = time.monotonic() + 0.03
        while time.monotonic() < until:
            sum(range(1000))


def ignore(_: MediaStreamEvent) -> None:
    pass


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("where", choices=["loop", "thread"], nargs="?", default="thread")
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--calls", type=float, default=50.0, help="a second")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--blocked", action="store_true")
    options = parser.parse_args()
    command = [sys.executable, "-c", LISTENER, str(options.prompts), str(options.seconds)]
    listener = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert listener.stdout is not None
    ports = [int(port) for port in (await listener.stdout.readline()).split()]
    settle()  # as `switchhook serve` does
    async with AsyncExitStack() as stack:
        media = InLoop(ignore) if options.where == "loop" else MediaThread(ignore)
        await media.start(stack)
        sound = PcmSound(secrets.token_bytes(64_000))
        for port in ports:
            stream = str(port)
            media.open(stream, stream)
            far_end = FarEnd(address=("127.0.0.1", port), law=MU_LAW, payload=0)
            media.perform(SetFarEnd(stream=stream, far_end=far_end))
            media.perform(StartPlayback(stream=stream, playback=stream, sounds=(sound,), loop=True))
        work = [asyncio.sleep(options.seconds + 1)]
        if options.calls:
            work.append(call(options.calls, options.seconds + 1))
        if options.blocked:
            work.append(block(options.seconds + 1))
        cpu, began = time.process_time(), time.monotonic()
        await asyncio.gather(*work)
        share = (time.process_time() - cpu) / (time.monotonic() - began)
    output, _ = await listener.communicate()
    print(
        output.decode().strip(), f"CPU {100 * share:.0f} % of one core, load {os.getloadavg()[0]}"
    )
    return listener.returncode or 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
