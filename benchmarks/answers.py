"""How long the slowest answer of 64 KiB takes to read. Fails above the goal.

    python -m benchmarks.answers [--goal 5] [--rounds 7]

From the project's root. Every reader reads every answer of `tests/webhooks/corpus/longest.py`; of each the
best of several rounds through them all counts, in CPU time, so that a neighbour's load falls out. Beside it stands how many times as long
as a fixed loop that is, which two machines can compare.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time

from tests.webhooks.corpus import Reader, read
from tests.webhooks.corpus.longest import LONGEST


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--goal", type=float, default=5.0, help="milliseconds")
    parser.add_argument("--rounds", type=int, default=7, help="of which the best counts")
    arguments = parser.parse_args()
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
    print(
        f"{len(LONGEST)} answers, {len(Reader)} readers, a loop of {loop:.2f} ms;"
        f" goal of {arguments.goal:g} ms: {said}"
    )
    sys.exit(not kept)


def _milliseconds(reader: Reader, body: bytes) -> float:
    began = time.process_time()
    read(reader, body)
    return (time.process_time() - began) * 1000


def _milliseconds_of_a_loop() -> float:
    began = time.process_time()
    total = 0
    for number in range(50_000):
        total += number
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
