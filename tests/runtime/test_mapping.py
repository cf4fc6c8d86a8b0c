"""A template is saved, what waited becomes readings, and nothing is doubled."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TypeVar

import pytest

from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.queries import QueryHandle
from harit_desktop.wire.templates import load_template
from tests.runtime.test_engine import MakeEngine, broker, connected, make_engine
from tests.runtime.test_judging import rows
from tests.servers import MosquittoServer, wait_until

__all__ = ["broker", "make_engine"]

pytestmark = pytest.mark.broker

T = TypeVar("T")
TOPIC = "harit-samarth/sensor/data"
TEMPLATE = """
name = "Field box"
topic = "harit-samarth/+/data"

device = "{payload:box}"

[time]
kind = "none"

[[channel]]
path = "m"
to = "Moisture"
unit = "%"

[sample]
topic = "harit-samarth/sensor/data"
payload = '{"box": "b-1", "m": 41.5}'

[sample.expected]
device = "b-1"
values = { Moisture = 41.5 }
"""


def answer(handle: QueryHandle[T]) -> T | None:
    wait_until(lambda: handle.done, what="the answer")
    assert handle.problem is None
    return handle.value


def box(number: int, moisture: float) -> str:
    return json.dumps({"box": f"b-{number}", "m": moisture})


def receive(engine: Engine, broker: MosquittoServer, *payloads: str) -> None:
    before = engine.snapshot().counters.received
    for payload in payloads:
        broker.publish(TOPIC, payload)
    wait_until(lambda: engine.snapshot().counters.received >= before + len(payloads))
    wait_until(lambda: engine.snapshot().counters.unacked == 0)


def test_saved_used_and_what_waited_is_decoded_once(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    receive(engine, broker, box(1, 41.5), box(2, 38.0), box(1, 41.0))
    counters = engine.snapshot().counters
    assert (counters.rejected, counters.not_mapped) == (0, 3)
    waiting = answer(engine.mappings.unmapped())
    assert waiting is not None
    assert [(one.topic, one.count, one.payload) for one in waiting] == [
        (TOPIC, 3, box(1, 41.0).encode())
    ]
    template = load_template(TEMPLATE, "field-box.toml")
    saved = answer(engine.mappings.save(template, redrive=True))
    assert saved is not None
    assert (saved.file, saved.decoded, saved.still_waiting) == ("field-box.toml", 3, 0)
    wait_until(lambda: engine.snapshot().counters.not_mapped == 0)
    file = data / "templates" / saved.file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert rows(data, "publisher_id, moisture, N") == [
        ("b-1", 41.5, None),
        ("b-2", 38.0, None),
        ("b-1", 41.0, None),
    ]
    receive(engine, broker, box(3, 20.0))
    assert len(rows(data, "id")) == 4
    assert answer(engine.mappings.unmapped()) == ()
    again = answer(engine.mappings.redrive(("not_mapped",)))
    assert again is not None
    assert again.stored == 0
    assert len(rows(data, "id")) == 4
    answer(engine.mappings.remove(saved.file))
    receive(engine, broker, box(3, 21.0))
    assert len(rows(data, "id")) == 4


def test_a_template_that_was_changed_takes_the_place_of_its_file(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "templates"
    folder.mkdir(parents=True)
    (folder / "Mine.toml").write_text(TEMPLATE, encoding="utf-8")
    engine = make_engine(broker__port=broker.port)
    engine.start()
    template = answer(engine.mappings.read("Mine.toml"))
    assert template is not None
    assert template.spec == load_template(TEMPLATE, "Mine.toml").spec
    answer(engine.mappings.save(template, redrive=False, replaced="Mine.toml"))
    assert [file.name for file in folder.iterdir()] == ["field-box.toml"]
    gone = engine.mappings.read("Mine.toml")
    wait_until(lambda: gone.done)
    assert gone.problem is not None
    assert gone.problem.code == "template.unreadable"


CHIRPSTACK = {"deviceInfo": {"devEui": "24e124454e103021"}, "time": "2026-01-01T00:00:00Z"}
QUIET = {
    "garden/sensor/soil_moisture/state": "nan",
    "application/1/device/24e124454e103021/event/up": json.dumps(CHIRPSTACK),
    "own": '{"publisher_id": "a", "sensor_readings": {"N": null, "pH": null}}',
}
WAITING = {
    "application/2/device/24e124454e103021/event/up": json.dumps({**CHIRPSTACK, "data": "AQI="}),
    "application/3/device/24e124454e103021/event/up": json.dumps(
        {**CHIRPSTACK, "object": {"of_my_own": 3}}
    ),
    "field/a": '{"id": "a", "level": 5}',
}


def test_only_what_can_be_mapped_is_listed(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    engine = make_engine(broker__port=broker.port, broker__topics=("#",))
    engine.start()
    connected(engine)
    messages = {**QUIET, **WAITING}
    for topic, payload in messages.items():
        broker.publish(topic, payload)
    wait_until(lambda: engine.snapshot().counters.received >= len(messages))
    wait_until(lambda: engine.snapshot().counters.unacked == 0)
    listed = answer(engine.mappings.unmapped())
    assert listed is not None
    assert {one.topic: one.undecoded for one in listed} == {
        topic: place == 0 for place, topic in enumerate(WAITING)
    }
    assert answer(engine.mappings.unmapped()) == listed


def test_a_template_is_used_at_the_next_start_and_a_broken_file_costs_nothing(
    make_engine: MakeEngine, broker: MosquittoServer, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "templates"
    folder.mkdir(parents=True)
    (folder / "field-box.toml").write_text(TEMPLATE, encoding="utf-8")
    (folder / "broken.toml").write_text("name = ", encoding="utf-8")
    engine = make_engine(broker__port=broker.port)
    engine.start()
    connected(engine)
    receive(engine, broker, box(7, 30.0))
    assert rows(tmp_path / "data", "publisher_id") == [("b-7",)]
    listed = answer(engine.mappings.templates())
    assert listed is not None
    assert [(one.file, one.problem is None) for one in listed] == [
        ("broken.toml", False),
        ("field-box.toml", True),
    ]
