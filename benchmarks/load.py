"""What a whole server bears: SIPp on both sides, a webhook asked for each call, every event delivered.

    python -m benchmarks.load [--rate 100] [--seconds 60] [--rounds 300]

From the project's root. Two runs of load, with a scheme that asks and with a static one: failed calls,
retransmissions, CPU time of the server for each call. Then the post-dial delay (INVITE in to INVITE out)
of both kinds of scheme, measured in turns by one clock, at rest and under half of the load: the ratio is
taken within each pair, so that a neighbour's load falls on both. The endpoint answers at once, so the
difference is what asking costs here. All of it shares the machine's cores.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.support.load import DYNAMIC, STATIC, Bench, Delays, Load, open_bench, percentile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=int, default=100, help="calls a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each load lasts")
    parser.add_argument("--rounds", type=int, default=300, help="pairs of delays to measure")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as directory, open_bench(Path(directory)) as bench:
        bench.load(STATIC, rate=20, seconds=2.0)  # warms it up
        _delays(console, "post-dial delay at rest", bench.delays(arguments.rounds))
        for name, number in (("asks", DYNAMIC), ("static", STATIC)):
            _load(console, name, bench.load(number, rate=arguments.rate, seconds=arguments.seconds))
        rate = arguments.rate // 2
        _delays(
            console,
            f"post-dial delay while {rate} calls a second come",
            _under_load(bench, rate, arguments.rounds),
        )


def _under_load(bench: Bench, rate: int, rounds: int) -> Delays:
    pause = 0.02
    loading = threading.Thread(
        target=lambda: bench.load(DYNAMIC, rate=rate, seconds=rounds * (pause + 0.03))
    )
    loading.start()
    delays = bench.delays(rounds, pause)
    loading.join()
    return delays


def _load(console: Console, name: str, load: Load) -> None:
    console.print(
        f"{name}: {load.calls} calls in {load.seconds:.1f} s, {load.failed} failed, "
        f"{load.retransmissions} retransmissions, {load.cpu_per_call * 1000:.2f} ms CPU a call, "
        f"{load.memory / 2**20:.0f} MiB"
    )


def _delays(console: Console, title: str, delays: Delays) -> None:
    table = Table("ms", "median", "p95", "p99", title=title, title_justify="left")
    for name, values in (("static", delays.static), ("asks", delays.dynamic)):
        row = [f"{percentile(values, share) * 1000:.2f}" for share in (0.5, 0.95, 0.99)]
        table.add_row(name, *row)
    ratios = [d / s for d, s in zip(delays.dynamic, delays.static, strict=True)]
    extra = [d - s for d, s in zip(delays.dynamic, delays.static, strict=True)]
    console.print(table)
    console.print(
        f"asking against static: ×{statistics.median(ratios):.2f}, "
        f"{statistics.median(extra) * 1000:+.2f} ms (medians of {len(ratios)} pairs)\n"
    )


if __name__ == "__main__":
    main()
