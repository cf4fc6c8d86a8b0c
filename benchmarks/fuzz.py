"""Hostile and broken messages through the decoder for as long as asked; exit 1 on a violation.

Run: python benchmarks/fuzz.py [--minutes 10] [--seed N]

The generators and the oracle are those of `tests/wire/test_fuzz_formats.py`. Times are the
processor time of this thread, so that other work on the machine is no stall; one beyond
50 ms is measured again, and counts where the quickest of five is still beyond it.
Nothing leaves the process.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.wire.fuzz_cases import (  # noqa: E402 - needs the path above
    Violation,
    decoder,
    invented,
    judge,
    message,
    mutated,
)

STALL_MS = 50.0
AGAIN = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--most", type=int, default=20, help="violations after which to end")
    options = parser.parse_args()
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


def _again_ms(decode, one) -> float:  # type: ignore[no-untyped-def]  # a bound method and its message
    began_s = time.thread_time()
    decode(one)
    return (time.thread_time() - began_s) * 1000


if __name__ == "__main__":
    sys.exit(main())
