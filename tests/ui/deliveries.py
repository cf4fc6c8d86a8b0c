"""Messages for an engine under test, as a broker would deliver them."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from harit_desktop.domain.message import RawMessage
from harit_desktop.runtime.engine import Engine

TOPIC = "harit-samarth/sensor/data"
VALUES = {"N": 22, "P": 18, "K": 150, "CO2": 500, "Temperature": 22, "Moisture": 55, "pH": 7.2}


def reading(publisher_id: str, number: int = 0, **more: object) -> bytes:
    """A payload of the existing system; `number` makes its time and nitrogen its own."""
    moment = time.time() - 600 + number
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
    values = {**VALUES, "N": 20 + number / 100}
    tree = {
        "timestamp": f"{stamp}.{number % 1_000_000:06d}+00:00",
        "publisher_id": publisher_id,
        "sensor_readings": values,
        **more,
    }
    return json.dumps(tree).encode()


def deliver(engine: Engine, payloads: Sequence[bytes], topic: str = TOPIC) -> None:
    """Puts messages into the engine's inbox, as the network thread of a source does."""
    for payload in payloads:
        assert engine._inbox.put(RawMessage(topic, payload, time.time_ns() // 1000, qos=1))
