"""Sensors as a process of their own: they write down what the broker confirmed.

`Plan` says what is sent; every reading carries its number in its values, so that a store can
be compared with what was sent, row by row. `Sensors` is the process; run as a module this
file is what the process does.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
TOPIC = "harit-samarth/sensor/data"
CHANNELS = ("N", "P", "K", "CO2", "Temperature", "Moisture", "pH")
COLUMNS = ("N", "P", "K", "CO2", "temperature", "moisture", "pH")
HIGHEST = 1_000_000
START = datetime(2025, 12, 2, 12, tzinfo=UTC)
_OUTSTANDING = 2000


@dataclass(frozen=True)
class Plan:
    """Readings `first` to `first + count - 1`, at most `rate` a second (0: no limit).

    Each is sent `repeats` times. `timed` False leaves the time stamp out, so that only the
    delivery tells two readings apart. `spread_s` is the span of the time stamps; with
    `shuffle` they are sent in any order. `padding` makes the payloads longer.
    """

    count: int
    first: int = 0
    rate: float = 0.0
    repeats: int = 1
    timed: bool = True
    spread_s: float = 60.0
    shuffle: bool = False
    devices: int = 3
    seed: int = 1
    padding: int = 0
    device: str = "probe"

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + self.count)

    def order(self) -> list[int]:
        """Every number as often as it is sent, in the order of sending."""
        order = [number for number in self.numbers for _ in range(self.repeats)]
        if self.shuffle:
            random.Random(self.seed).shuffle(order)
        return order

    def publisher_of(self, number: int) -> str:
        return f"{self.device}-{number % self.devices}"

    def values_of(self, number: int) -> tuple[float, ...]:
        """The seven values; the first two hold the number."""
        wave = number % 97
        return (
            float(number % 1000),
            float(number // 1000),
            150 + wave / 10,
            500 + wave / 3,
            20 + wave / 7,
            50 + wave / 9,
            6.5 + wave / 100,
        )

    def instant_us(self, number: int) -> int | None:
        """The instant that the reading names, in UTC microseconds; None where it names none."""
        if not self.timed:
            return None
        step_us = int(self.spread_s * 1e6 / max(1, self.count))
        moment = START + timedelta(microseconds=(number - self.first) * step_us)
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))

    def payload(self, number: int) -> bytes:
        message: dict[str, Any] = {
            "publisher_id": self.publisher_of(number),
            "sensor_readings": dict(zip(CHANNELS, self.values_of(number), strict=True)),
        }
        instant_us = self.instant_us(number)
        if instant_us is not None:
            moment = datetime.fromtimestamp(instant_us // 1_000_000, UTC)
            moment = moment.replace(microsecond=instant_us % 1_000_000)
            message["timestamp"] = moment.isoformat(timespec="microseconds")
        if self.padding:
            message["note"] = "x" * self.padding
        return json.dumps(message).encode()


def number_of(n_value: float, p_value: float) -> int:
    """The number that a reading's first two values hold."""
    return int(p_value) * 1000 + int(n_value)


class Sensors:
    """The publishing process of a plan; ended with the `with` block."""

    def __init__(self, port: int, folder: Path, plan: Plan, name: str = "sensors") -> None:
        self.plan = plan
        self._ledger = folder / f"{name}.ledger"
        self._errors = (folder / f"{name}.stderr").open("w+")
        self._ledger.touch()
        arguments = json.dumps(asdict(plan))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sensors", str(port), self._ledger, arguments],
            cwd=REPOSITORY,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stderr=self._errors,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self._errors.close()

    @property
    def confirmed(self) -> set[int]:
        """The numbers that the broker has confirmed so far."""
        text = self._ledger.read_text()
        return {int(line) for line in text[: text.rfind("\n") + 1].splitlines()}

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        if self.running:
            self.process.kill()
        self.process.wait()

    def finish(self, timeout_s: float = 45.0) -> set[int]:
        """Waits until all is sent and confirmed; the numbers."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{len(self.confirmed)} of {self.plan.count} confirmed after {timeout_s} s"
            ) from None
        self._errors.seek(0)
        assert code == 0, self._errors.read()
        confirmed = self.confirmed
        assert confirmed == set(self.plan.numbers)
        return confirmed


def publish(port: int, ledger: Path, plan: Plan) -> None:
    """Sends the plan at QoS 1, over reconnects, and appends each confirmed number."""
    client = new_client()
    confirmed: deque[int] = deque()
    numbers: dict[int, int] = {}
    client.on_publish = lambda _client, _data, mid, _code, _properties: confirmed.append(mid)
    client.connect("127.0.0.1", port, keepalive=10)
    client.loop_start()
    file = os.open(ledger, os.O_WRONLY | os.O_APPEND)

    def note() -> None:
        lines = []
        while confirmed:
            mid = confirmed.popleft()
            lines.append(f"{numbers.pop(mid)}\n")
        if lines:
            os.write(file, "".join(lines).encode())

    begin = time.monotonic()
    for sent, number in enumerate(plan.order()):
        if plan.rate:
            while (pause := begin + sent / plan.rate - time.monotonic()) > 0:
                note()
                time.sleep(min(pause, 0.02))
        while len(numbers) >= _OUTSTANDING:
            note()
            time.sleep(0.002)
        numbers[client.publish(TOPIC, plan.payload(number), qos=1).mid] = number
        note()
    while numbers:
        note()
        time.sleep(0.005)
    client.disconnect()
    client.loop_stop()
    os.close(file)


def send(
    port: int, payloads: Sequence[bytes], *, topic: str = TOPIC, qos: int = 1, retain: bool = False
) -> None:
    """Sends each of the payloads from this process and waits until the broker has them."""
    client = new_client()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        for info in [client.publish(topic, each, qos=qos, retain=retain) for each in payloads]:
            info.wait_for_publish(60)
            assert info.is_published()
    finally:
        client.disconnect()
        client.loop_stop()


def new_client() -> Any:
    import paho.mqtt.client as mqtt

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(200)
    client.reconnect_delay_set(1, 1)
    return client


def plans_numbers(plans: Sequence[Plan]) -> Iterator[int]:
    for plan in plans:
        yield from plan.numbers


if __name__ == "__main__":
    publish(int(sys.argv[1]), Path(sys.argv[2]), Plan(**json.loads(sys.argv[3])))
