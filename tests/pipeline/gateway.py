"""A decoder of messages that are more or less than a reading, and a pipeline around it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from harit_desktop.analysis.engine import AnalysisEngine
from harit_desktop.analysis.quality import QualityControl
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.domain.message import Heard, HeardKind, RawMessage, Receipt, Rejection
from harit_desktop.domain.reading import Reading, Readings, Source, TimeSource
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.events import MessageRing
from harit_desktop.pipeline.inbox import Inbox
from harit_desktop.pipeline.live import LiveModel
from harit_desktop.pipeline.merging import Merger
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.pipeline.stages import Router, Stages
from harit_desktop.storage.journal import SqliteJournal

NOW_US = 1_764_000_000_000_000


class GatewayDecoder:
    """`piece/<device>/<quantity>` with a number is a piece of a reading; a JSON object of
    objects is a reading of each device; `status/<device>` is heard. All else is not mapped,
    and so is a device named in `unmapped`."""

    def __init__(self, unmapped: Sequence[str] = ()) -> None:
        self._unmapped = unmapped

    def decode(self, message: RawMessage) -> Reading | Readings | Rejection | Heard:
        kind, _, rest = message.topic.partition("/")
        device, _, quantity = rest.partition("/")
        if device in self._unmapped:
            return Rejection(Problem("not_mapped"))
        if kind == "status":
            return Heard(HeardKind.STATUS, device)
        if kind == "piece":
            return _reading(message, device, {quantity: float(message.payload)}, partial=True)
        try:
            tree = json.loads(message.payload)
        except ValueError:
            return Rejection(Problem("not_json"))
        found = tuple(_reading(message, name, values) for name, values in tree.items())
        return found[0] if len(found) == 1 else Readings(found)


def _reading(
    message: RawMessage, device: str, found: dict[str, Any], *, partial: bool = False
) -> Reading:
    sent_us = found.get("at")
    values = [found.get(key) for key in CHANNEL_INDEX]
    extras = tuple((key, float(found[key])) for key in EXTRA_BY_KEY if key in found)
    return Reading(
        publisher_id=device,
        timestamp_us=message.received_us if sent_us is None else sent_us,
        received_us=message.received_us,
        values=tuple(values),
        source=Source.MQTT,
        time_source=TimeSource.RECEIVED if sent_us is None else TimeSource.SENT,
        sent_us=sent_us,
        sent_timestamp=None if sent_us is None else str(sent_us),
        topic=message.topic,
        retained=message.retained,
        extras=extras,
        partial=partial,
    )


class OddAnalyser(AnalysisEngine):
    """Cannot judge the device "odd"."""

    def analyse(self, reading: Reading, *args: Any, **kwargs: Any) -> Any:
        if reading.publisher_id == "odd":
            raise ZeroDivisionError
        return super().analyse(reading, *args, **kwargs)


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Acknowledged:
    """Takes acknowledgements."""

    def __init__(self) -> None:
        self.ids: list[int] = []

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        self.ids += [receipt.packet_id for receipt in receipts]


class Station:
    """The pipeline with a real journal, turned by hand."""

    def __init__(
        self,
        folder: Path,
        router: Router | None = None,
        unmapped: Sequence[str] = (),
        clock_s: Callable[[], float] | None = None,
    ) -> None:
        self.path = folder / "harit.db"
        self.clock = FakeClock()
        self.journal = SqliteJournal(self.path, lambda: NOW_US)
        self.journal.open()
        self.inbox, self.answers = Inbox(), Answers()
        self.messages, self.live = MessageRing(), LiveModel()
        self.quality, self.analyser = QualityControl.standard(), OddAnalyser("classic")
        self.merger = Merger(clock_s or self.clock)
        self.acknowledged = Acknowledged()
        self.pipeline = Pipeline(
            self.inbox,
            self._stages(router, unmapped),
            self.live,
            self.messages,
            lambda: NOW_US,
            self.answers,
            self.merger,
        )
        self.pipeline.use_acknowledger(self.acknowledged)

    def _stages(self, router: Router | None = None, unmapped: Sequence[str] = ()) -> Stages:
        return Stages(GatewayDecoder(unmapped), self.quality, self.analyser, router=router)

    def map_all(self) -> None:
        """The user saved a mapping."""
        self.pipeline.use_stages(self._stages())

    def receive(self, *messages: RawMessage) -> None:
        for message in messages:
            assert self.inbox.put(message)

    def turn(self) -> None:
        """One round of the pipeline's loop, or as many as it takes to empty the inbox."""
        stop = threading.Event()
        first = True
        while first or len(self.inbox):
            first = False
            self.inbox.wake()
            turned = threading.Event()

            def upkeep(turned: threading.Event = turned) -> None:
                if turned.is_set():
                    stop.set()
                    self.inbox.wake()
                turned.set()

            self.pipeline.run(self.journal, stop, upkeep)
            stop.clear()

    def drain(self) -> None:
        self.pipeline.drain(self.journal, threading.Event())

    def close(self) -> None:
        self.drain()
        self.journal.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(query).fetchall()

    @property
    def stored(self) -> list[dict[str, Any]]:
        """Device and what is known of each stored reading."""
        channels = ", ".join(
            f'"{name}"' for name in ("N", "P", "K", "CO2", "temperature", "moisture", "pH")
        )
        readings = self.rows(
            f"SELECT id, publisher_id, {channels} FROM sensor_readings ORDER BY id"
        )
        extras = self.rows("SELECT reading_id, key, value FROM reading_extras")
        found = []
        for reading_id, device, *values in readings:
            known = {k: v for k, v in zip(CHANNEL_INDEX, values, strict=True) if v is not None}
            known |= {key: value for of, key, value in extras if of == reading_id}
            found.append({"device": device, **known})
        return found

    @property
    def outcomes(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT outcome FROM message_log ORDER BY id")]


NO_VALUES = (None,) * CHANNEL_COUNT


def piece(
    packet_id: int,
    quantity: str,
    value: float,
    at_s: float = 0.0,
    device: str = "esp",
    *,
    again: bool = False,
    epoch: int = 1,
    retained: bool = False,
    window: int = 1000,
) -> RawMessage:
    receipt = Receipt(epoch, packet_id, 1, "harit@farm:1883", epoch > 1, window)
    return RawMessage(
        f"piece/{device}/{quantity}",
        str(value).encode(),
        NOW_US + int(at_s * 1e6),
        receipt,
        qos=1,
        duplicate_flag=again,
        retained=retained,
    )


def several(
    packet_id: int, devices: dict[str, dict[str, float]], *, again: bool = False, epoch: int = 1
) -> RawMessage:
    """One message of several devices; also with one, a plain reading."""
    receipt = Receipt(epoch, packet_id, 1, "harit@farm:1883", epoch > 1, 1000)
    payload = json.dumps(devices).encode()
    return RawMessage("gateway", payload, NOW_US, receipt, qos=1, duplicate_flag=again)
