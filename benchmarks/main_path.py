"""Rate, loss, latency and window stalls of the whole main path, with the window open.

A publisher process sends QoS 1 messages through a real Mosquitto at a steady rate; the
real window runs in this process on a virtual display and receives, stores and draws.

    python benchmarks/main_path.py --rate 3000 --seconds 30
    python benchmarks/main_path.py --rate 100 --seconds 60

Latency is the time from just before `publish` in the other process to just after the
commit here, both by the system clock. A stall is a gap between two turns of the main
thread's event loop, measured by a 10 ms timer.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.displays import VirtualDisplay  # noqa: E402 - needs the repository on the path
from tests.servers import MosquittoServer  # noqa: E402 - needs the repository on the path

TOPIC = "harit-samarth/sensor/data"
SETTLE_S = 20.0


def publish(port: int, rate: float, seconds: float, devices: int) -> None:
    """The publisher process: prints how many messages the broker confirmed."""
    import paho.mqtt.client as mqtt

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1000)
    confirmed = 0

    def count(*_: object) -> None:
        nonlocal confirmed
        confirmed += 1

    client.on_publish = count
    client.connect("127.0.0.1", port)
    client.loop_start()
    total = int(rate * seconds)
    start = time.monotonic()
    for number in range(total):
        pause = start + number / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        now_us = time.time_ns() // 1000
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now_us // 1_000_000))}"
        client.publish(
            TOPIC,
            f'{{"timestamp":"{stamp}.{now_us % 1_000_000:06d}Z","publisher_id":"probe-'
            f'{number % devices}","sensor_readings":{{"N":{20 + number % 100 / 10},"P":18.1,'
            f'"K":150.2,"CO2":500.3,"Temperature":22.4,"Moisture":{50 + number % 70 / 10},'
            f'"pH":7.1}}}}',
            qos=1,
        )
    sent_s = time.monotonic() - start
    ends = time.monotonic() + SETTLE_S
    while confirmed < total and time.monotonic() < ends:
        time.sleep(0.05)
    client.disconnect()
    client.loop_stop()
    print(f"{confirmed} {sent_s:.3f}")


def measure(rate: float, seconds: float, devices: int, port: int, data: Path) -> None:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from harit_desktop.app import ProductParts, now_us
    from harit_desktop.domain.batch import CommitItem, CommitResult
    from harit_desktop.observability.redact import Redactor
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.settings.paths import DataPaths
    from harit_desktop.settings.secrets import SecretStore
    from harit_desktop.settings.store import SettingsStore
    from harit_desktop.ui.application import run_application

    latencies_us: list[int] = []

    class LatencyMirror:
        """Stands where the CSV mirror stands: right after the commit."""

        problem = None

        def write(self, batch: Sequence[CommitItem], result: CommitResult) -> None:
            committed_us = now_us()
            latencies_us.extend(
                committed_us - item.analysed.reading.timestamp_us
                for item in batch
                if item.analysed is not None
            )

        def close(self) -> None:
            pass

    class MeasuredParts(ProductParts):
        def mirror(self, settings: object) -> LatencyMirror:  # type: ignore[override]  # any settings
            return LatencyMirror()

    paths = DataPaths(data)
    store = SettingsStore(paths.settings, {"broker.port": port})
    redactor = Redactor()
    secrets = SecretStore(paths.instance_name(), redactor.add)
    engine = Engine(paths, store, secrets, MeasuredParts(paths), now_us)
    stalls_s: list[float] = []
    state = {"last": 0.0, "publisher": None, "quiet": 0.0, "cpu": 0.0}

    def probe() -> None:
        now = time.monotonic()
        if state["publisher"] is not None:
            stalls_s.append(now - state["last"])
        state["last"] = now

    def begin() -> None:
        if engine.snapshot().link.state != "connected":
            QTimer.singleShot(100, begin)
            return
        state["cpu"] = time.process_time()
        state["publisher"] = subprocess.Popen(
            [
                sys.executable,
                __file__,
                "--publish",
                str(port),
                "--rate",
                str(rate),
                "--seconds",
                str(seconds),
                "--devices",
                str(devices),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        state["began"] = time.monotonic()

    def finish_when_quiet() -> None:
        process = state["publisher"]
        if process is None or process.poll() is None:
            return
        counters = engine.snapshot().counters
        if counters.unacked == 0 and counters.received >= rate * seconds:
            state["quiet"] += 1
        if state["quiet"] >= 3 or time.monotonic() - state["began"] > seconds + 2 * SETTLE_S:
            state["cpu"] = time.process_time() - state["cpu"]
            for window in QApplication.topLevelWidgets():
                window.close()

    def install() -> None:
        app = QApplication.instance()
        for interval_ms, slot in ((10, probe), (500, finish_when_quiet)):
            timer = QTimer(app)
            timer.timeout.connect(slot)
            timer.start(interval_ms)
        QTimer.singleShot(2500, app, begin)

    run_loop = QApplication.exec

    def exec_measured(*_: object) -> int:
        install()
        return run_loop()

    QApplication.exec = exec_measured  # type: ignore[method-assign]  # to add timers
    run_application(engine)
    process = state["publisher"]
    confirmed, sent_s = process.stdout.read().split()
    report(int(confirmed), float(sent_s), latencies_us, stalls_s, state["cpu"], data)


def report(
    confirmed: int,
    sent_s: float,
    latencies_us: list[int],
    stalls_s: list[float],
    cpu_s: float,
    data: Path,
) -> None:
    with closing(sqlite3.connect(data / "harit.db")) as db:
        (stored,) = db.execute("SELECT count(*) FROM sensor_readings").fetchone()
    latencies_us.sort()
    stalls_s.sort()

    def percentile(values: Sequence[float], share: float) -> float:
        return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0

    print(f"confirmed by the broker   {confirmed}")
    print(f"stored                    {stored}")
    print(f"lost                      {confirmed - stored}")
    print(f"sent at                   {confirmed / sent_s:.0f} messages/s for {sent_s:.1f} s")
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        print(f"publish to commit {name}     {percentile(latencies_us, share) / 1000:.1f} ms")
    for name, share in (("p99", 0.99), ("max", 1.0)):
        print(f"window turn {name}           {percentile(stalls_s, share) * 1000:.0f} ms")
    print(f"processor time            {cpu_s / sent_s * 100:.0f} % of a core")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rate", type=float, default=3000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--devices", type=int, default=3)
    parser.add_argument("--publish", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish:
        publish(options.publish, options.rate, options.seconds, options.devices)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        VirtualDisplay() as display,
        MosquittoServer(["max_queued_messages 100000"]) as broker,
    ):
        os.environ |= {"DISPLAY": display.name, "QT_QPA_PLATFORM": "xcb"}
        measure(options.rate, options.seconds, options.devices, broker.port, Path(folder))


if __name__ == "__main__":
    main()
