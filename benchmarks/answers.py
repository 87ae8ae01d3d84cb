"""How long the usual small answers take to read, and the slowest of 64 KiB, which fails above the goal.

    python -m benchmarks.answers [--goal 5] [--rounds 7]

From the project's root. Every reader reads every answer of `tests/webhooks/corpus/longest.py`; of each the
best of several rounds through them all counts, in CPU time, so that a neighbour's load falls out. Beside it stands how many times as long
as a fixed loop that is, which two machines can compare. A usual answer is read many times by a webhook that exists, as in a server,
and the garbage collector is set up as there.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time

from tests.webhooks.corpus import ASK_ID, DIAL_PLANS, Reader, read
from tests.webhooks.corpus.longest import LONGEST
from tests.webhooks.samples import answer, make_dial_plan, make_number

from switchhook.app.application import settle
from switchhook.domain.webhook import Encoding
from switchhook.webhooks.answer import read_answer, read_dial_plan_answer

USUAL = {
    Reader.JSON: b'{"dst_phone":"380443334455"}',
    Reader.HTTP: b"380443334455",
    Reader.JSON_RPC: b'{"jsonrpc":"2.0","id":"1","result":{"dst_phone":"380443334455"}}',
    Reader.DIAL_PLAN: b"status=ACK&destination=101&callername=X",
    Reader.LENIENT_JSON: b'{"status":"ACK","destination":"101","callername":"X"}',
}
_TIMES = 300
"""That a usual answer is read in a row."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--goal", type=float, default=5.0, help="milliseconds")
    parser.add_argument("--rounds", type=int, default=7, help="of which the best counts")
    arguments = parser.parse_args()
    settle()
    best: dict[tuple[str, Reader], float] = {}
    for _ in range(arguments.rounds):
        for (name, body), reader in itertools.product(LONGEST.items(), Reader):
            taken = _milliseconds(reader, body)
            best[name, reader] = min(taken, best.get((name, reader), taken))
    slowest = sorted(((taken, *case) for case, taken in best.items()), reverse=True)
    loop = min(_milliseconds_of_a_loop() for _ in range(50))
    for taken, name, reader in slowest[:10]:
        print(f"{taken:5.2f} ms  {taken / loop:4.1f} loops  {reader}: {name}")
    kept = slowest[0][0] <= arguments.goal
    said = "kept" if kept else "MISSED"
    for reader, body in USUAL.items():
        usual = min(_microseconds_of_usual(reader, body) for _ in range(2 * arguments.rounds))
        print(f"{usual:5.1f} µs  {usual / loop / 1000:6.4f} loops  {reader}: {body.decode()}")
    print(
        f"{len(LONGEST)} answers, {len(Reader)} readers, a loop of {loop:.2f} ms;"
        f" goal of {arguments.goal:g} ms: {said}"
    )
    sys.exit(not kept)


def _milliseconds(reader: Reader, body: bytes) -> float:
    began = time.process_time()
    read(reader, body)
    return (time.process_time() - began) * 1000


def _microseconds_of_usual(reader: Reader, body: bytes) -> float:
    response, snapshot = answer(body), reader.snapshot
    began = time.process_time()
    if reader in DIAL_PLANS:
        dial_plan = make_dial_plan(lenient_json=reader is Reader.LENIENT_JSON)
        for _ in range(_TIMES):
            read_dial_plan_answer(dial_plan, response, snapshot)
    else:
        encoding = Encoding(reader.value)
        number = make_number(submission=encoding, import_=encoding)
        for _ in range(_TIMES):
            read_answer(number, response, snapshot, ask_id=ASK_ID)
    return (time.process_time() - began) / _TIMES * 1_000_000


def _milliseconds_of_a_loop() -> float:
    began = time.process_time()
    total = 0
    for number in range(50_000):
        total += number
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
