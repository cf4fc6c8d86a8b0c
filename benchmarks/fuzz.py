"""Hostile and broken messages through the decoder for as long as asked; exit 1 on a violation.

Run: python benchmarks/fuzz.py [--minutes 10] [--seed N]
     python benchmarks/fuzz.py --storm 100000

The generators and the oracle are those of `tests/wire/test_fuzz_formats.py`. Times are the
processor time of this thread, so that other work on the machine is no stall; one beyond
50 ms is measured again, and counts where the quickest of five is still beyond it.
Nothing leaves the process. With --storm a hostile broker on loopback sends so many retained
topics to the real program instead; its memory and what it kept are printed.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from harit_desktop.domain.message import RawMessage

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.wire.fuzz_messages import invented, message, mutated
from tests.wire.fuzz_oracle import Violation, decoder, judge

STALL_MS = 50.0
AGAIN = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--most", type=int, default=20, help="violations after which to end")
    parser.add_argument("--storm", type=int, default=0, metavar="TOPICS")
    options = parser.parse_args()
    if options.storm:
        return run_storm(options.storm)
    random, decode = Random(options.seed), decoder().decode
    print(f"seed {options.seed}", flush=True)
    counts: Counter[str] = Counter()
    violations: list[str] = []
    slowest_ms, slowest = 0.0, b""
    ends = time.monotonic() + options.minutes * 60
    while time.monotonic() < ends and len(violations) < options.most:
        topic, payload = (mutated if random.random() < 0.8 else invented)(random)
        one = message(topic, payload)
        try:
            began_s = time.thread_time()
            answer = decode(one)
            took_ms = (time.thread_time() - began_s) * 1000
            if took_ms > STALL_MS:
                took_ms = min(_again_ms(decode, one) for _ in range(AGAIN))
                if took_ms > STALL_MS:
                    raise Violation(f"a stall of {took_ms:.0f} ms")
            counts[judge(topic, payload, answer)] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            counts["VIOLATION"] += 1
            violations.append(f"{type(error).__name__}: {error}\n  {topic}\n  {payload[:1500]!r}")
            print(violations[-1], flush=True)
            continue
        if took_ms > slowest_ms:
            slowest_ms, slowest = took_ms, payload
    for kind, count in counts.most_common():
        print(f"{count:>12,}  {kind}")
    print(f"{counts.total():>12,}  messages in {options.minutes:g} minutes")
    print(f"slowest decode {slowest_ms:.2f} ms: {len(slowest)} bytes, {slowest[:80]!r}")
    print(f"{len(violations)} violations")
    return 1 if violations else 0


def _again_ms(decode: Callable[[RawMessage], object], one: RawMessage) -> float:
    began_s = time.thread_time()
    decode(one)
    return (time.thread_time() - began_s) * 1000


def run_storm(topics: int) -> int:
    from tests.end_to_end.programs import rows, wait_for
    from tests.faults.peers import ScriptedServer
    from tests.faults.program import Program, at_port
    from tests.faults.test_threats_broker import RSS_MB, ran_out, storming

    calm, most_mb = threading.Event(), 0.0
    with (
        tempfile.TemporaryDirectory() as folder,
        ScriptedServer(storming(topics, calm)) as server,
        Program(
            Path(folder) / "data",
            *at_port(server.port, "broker.protocol=3.1.1", "broker.topics=#"),
        ) as program,
    ):
        wait_for(lambda: program.report.get("connection") == "connected", 60)
        began_s = time.monotonic()
        while not ran_out(program.report, topics):
            most_mb = max(most_mb, program.rss_mb)
            time.sleep(0.2)
        took_s = time.monotonic() - began_s
        calm.set()
        found = "SELECT 1 FROM sensor_readings WHERE publisher_id = 'sensor-publisher-01'"
        wait_for(lambda: rows(program.database, found), 60)
        most_mb = max(most_mb, program.rss_mb)
        kept = rows(program.database, "SELECT count(*) FROM rejected_messages")[0][0]
        print(f"{topics:,} retained topics: calm after {took_s:.1f} s; {most_mb:.0f} MB at most")
        print(f"taken {program.report['received']:,}, stored {program.store.count():,}, ", end="")
        print(f"kept as rejected {kept:,}; the honest reading came through")
        print(program.lines[-1])
        program.stop_in_time()
    return 1 if most_mb > RSS_MB else 0


if __name__ == "__main__":
    sys.exit(main())
