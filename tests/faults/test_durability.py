"""F04: by the system's own record, nothing is acknowledged before it is on the disk."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest

from tests.end_to_end.programs import wait_for
from tests.faults.history import check_history
from tests.faults.program import Program, at
from tests.faults.sensors import Plan, Sensors
from tests.servers import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

# The tracer runs beside the program, which stays our own child.
TRACE = ["strace", "-D", "-f", "-y", "-x", "-s", "8", "-e", "trace=fdatasync,fsync,sendto"]
_SYNC_DONE = re.compile(r"(?:fdatasync|fsync)\(\d+<[^>]*harit\.db-wal>\)\s*= 0")
_SYNC_BEGUN = re.compile(r"(?P<call>fdatasync|fsync)\(\d+<[^>]*harit\.db-wal> <unfinished")
_SYNC_RESUMED = re.compile(r"<\.\.\. (?:fdatasync|fsync) resumed>.*= 0")
_PUBACK = re.compile(r'sendto\(\d+<[^>]*>, "\\x40\\x02')
# The program asks the broker now and then whether it gets its own messages back.
_OWN_PROBE = re.compile(r'sendto\(\d+<[^>]*>, "\\x3[0-9a-f]')
_PROCESS = re.compile(r"^(\d+)\s")


def events(trace: str) -> list[str]:
    """The order of ended syncs of the log and of begun acknowledgements."""
    found: list[str] = []
    syncing: set[str] = set()
    for line in trace.splitlines():
        thread = (_PROCESS.match(line) or [""])[0]
        if _SYNC_BEGUN.search(line):
            syncing.add(thread)
        elif _SYNC_DONE.search(line) or (thread in syncing and _SYNC_RESUMED.search(line)):
            syncing.discard(thread)
            found.append("sync")
        elif _PUBACK.search(line):
            found.append("acknowledge")
    return found


def unsafe(order: list[str]) -> int:
    """How many acknowledgements had no sync of their own before them."""
    before = ["", *order]
    return sum(
        each == "acknowledge" and last != "sync" for last, each in zip(before, order, strict=False)
    )


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_every_acknowledgement_follows_a_sync_of_the_log(
    broker: MosquittoServer, tmp_path: Path
) -> None:
    # So slowly that each reading has a commit of its own.
    plan = Plan(40, rate=12)
    trace = tmp_path / "trace"
    with Program(tmp_path / "data", *at(broker), prefix=[*TRACE, "-o", str(trace)]) as program:
        wait_for(lambda: program.reports or program.process.poll() is not None)
        if program.process.poll() is not None:
            pytest.skip(f"strace may not trace here: {program.lines}")
        program.wait_for_state("connected")
        with Sensors(broker.port, tmp_path, plan) as sensors:
            check_history(program.store, sensors.finish(), plan, late_s=0.5)
        program.stop_in_time()
    time.sleep(0.2)
    text = trace.read_text(errors="replace")
    order = events(text)
    assert order.count("acknowledge") >= plan.count * 0.8, order
    assert unsafe(order) <= len(_OWN_PROBE.findall(text)), order


def test_the_judgement_sees_an_early_acknowledgement() -> None:
    trace = (
        "7 fdatasync(9</d/harit.db-wal>) = 0\n"
        '8 sendto(5<socket:[1]>, "\\x40\\x02\\x00\\x01", 4, 0, NULL, 0) = 4\n'
        "7 fdatasync(9</d/harit.db-wal> <unfinished ...>\n"
        '8 sendto(5<socket:[1]>, "\\x40\\x02\\x00\\x02", 4, 0, NULL, 0) = 4\n'
        "7 <... fdatasync resumed>) = 0\n"
    )
    assert events(trace) == ["sync", "acknowledge", "acknowledge", "sync"]
    assert unsafe(events(trace)) == 1
