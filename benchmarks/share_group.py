"""Many publishers, several programs in one share group, one MariaDB: is each reading one row?

Real publishers (an MQTT client each) send QoS 1 messages through a real Mosquitto; real
programs without a window share the subscription and write into one real MariaDB. Afterwards
the table must hold every confirmed reading exactly once. `--kill` ends one of the programs
half way with SIGKILL and starts it again.

    python benchmarks/share_group.py --publishers 120 --programs 10 --messages 200 --kill
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.faults.history import check_history  # noqa: E402 - needs the repository on the path
from tests.faults.program import Program  # noqa: E402 - as above
from tests.faults.sensors import TOPIC, Plan, new_client  # noqa: E402 - as above
from tests.faults.server_store import MariaDbStore, server_program  # noqa: E402 - as above
from tests.mariadb_server import MariaDbServer  # noqa: E402 - as above
from tests.servers import MosquittoServer  # noqa: E402 - as above


def publish(port: int, plan: Plan, rate: float, started: threading.Barrier) -> None:
    """One publisher with a connection of its own; returns when the broker has all."""
    client = new_client()
    client.connect("127.0.0.1", port)
    client.loop_start()
    started.wait()
    sent = []
    for number in plan.numbers:
        sent.append(client.publish(TOPIC, plan.payload(number), qos=1))
        time.sleep(1 / rate)
    for info in sent:
        info.wait_for_publish(120)
        assert info.is_published()
    client.disconnect()
    client.loop_stop()


def measure(options: argparse.Namespace) -> None:
    plans = [
        Plan(options.messages, first=options.messages * n, devices=1, device=f"publisher-{n}")
        for n in range(options.publishers)
    ]
    confirmed = {number for plan in plans for number in plan.numbers}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(MosquittoServer(["max_queued_messages 100000"]))
        server = stack.enter_context(MariaDbServer())

        def start(number: int) -> Program:
            return stack.enter_context(
                server_program(folder / f"p{number}", broker, server, "broker.share_group=farm")
            )

        programs = [start(number) for number in range(options.programs)]
        for program in programs:
            program.wait_for_state("connected", 60)
        barrier = threading.Barrier(options.publishers + 1)
        publishers = [
            threading.Thread(target=publish, args=(broker.port, plan, options.rate, barrier))
            for plan in plans
        ]
        for each in publishers:
            each.start()
        barrier.wait()
        began = time.monotonic()
        if options.kill:
            time.sleep(options.messages / options.rate / 2)
            programs[0].kill()
            programs[0] = start(0)
        for each in publishers:
            each.join()
        sent_s = time.monotonic() - began
        check_history(MariaDbStore(server), confirmed, *plans, timeout_s=300)
        stored_s = time.monotonic() - began - 5
        shares = sorted(program.store.count() for program in programs)
        print(f"publishers, programs      {options.publishers}, {options.programs}")
        print(f"sent and confirmed        {len(confirmed)} in {sent_s:.1f} s")
        print(f"rows on the server        {MariaDbStore(server).count()}, each exactly once")
        print(f"all stored after          {stored_s:.1f} s")
        print(f"received by each program  {shares[0]} to {shares[-1]}, {sum(shares)} in all")
        for program in programs:
            program.stop_in_time()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--publishers", type=int, default=120)
    parser.add_argument("--programs", type=int, default=10)
    parser.add_argument("--messages", type=int, default=200, help="of each publisher")
    parser.add_argument("--rate", type=float, default=5, help="messages a second of each one")
    parser.add_argument("--kill", action="store_true", help="kill one program half way")
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
