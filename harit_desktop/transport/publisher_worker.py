"""Simulated probes that publish at an interval, on a thread of their own."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from harit_desktop.domain.channels import Values
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.status import LinkState, PublisherState, PublisherStatus
from harit_desktop.transport.mqtt_publisher import MqttPublisher
from harit_desktop.transport.simulator import Simulator

_log = logging.getLogger(__name__)

_ROOM_POLL_S = 0.1
_PATIENCE_S = 10.0
_PATIENCE_INTERVALS = 3

Encode = Callable[[str, int, Values], bytes]
"""Makes a payload of device id, instant in microseconds and values."""


class PublisherConfig(msgspec.Struct, frozen=True):
    """`count` is the number of readings in all (of all devices); None for no end.

    `publisher_id` is also the `MqttPublisher`'s.
    """

    devices: Annotated[int, Meta(ge=1)] = 1
    interval_s: Annotated[float, Meta(gt=0)] = 60.0
    publisher_id: str = "simulator-01"
    topic: str = "harit-samarth/sensor/data"
    seed: int = 0
    count: int | None = None


def device_ids(config: PublisherConfig) -> tuple[str, ...]:
    """The first device has the publisher's own id, the next ones `-2`, `-3` ... appended."""
    own = config.publisher_id
    return (own, *(f"{own}-{number}" for number in range(2, config.devices + 1)))


class PublisherWorker:
    """Runs `publisher` (which it starts and stops) with the readings of simulated devices.

    `last_values` gives a device's newest stored values, from which it goes on; it is
    called once a device, on the worker's thread, and may raise KnownError. `finished` is
    set when `count` readings were made and the broker answered for each of them.
    Started once, stopped once.
    """

    def __init__(
        self,
        config: PublisherConfig,
        publisher: MqttPublisher,
        encode: Encode,
        last_values: Callable[[str], Values | None],
        now_us: NowUs,
    ) -> None:
        self._config = config
        self._publisher = publisher
        self._encode = encode
        self._last_values = last_values
        self._now_us = now_us
        self.finished = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._all_made = False
        self._unsettled: dict[int, float] = {}
        self._made = 0
        self._confirmed = 0
        self._refused = 0
        self._refusal: Problem | None = None
        self._fault: Problem | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        self._publisher.start()
        self._thread.start()

    def stop(self, deadline_s: float) -> bool:
        """Ends the readings, announces "offline" and disconnects. True when all ended in time."""
        until_s = time.monotonic() + deadline_s
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(deadline_s / 2)
        stopped = self._publisher.stop(max(0.0, until_s - time.monotonic()))
        return stopped and not self._thread.is_alive()

    def retry_now(self) -> None:
        """Tries the broker at once instead of waiting for the back-off."""
        self._publisher.retry_now()

    def healthy(self) -> bool:
        """False when a thread ended by a fault, which only a new worker cures."""
        return self._fault is None and self._publisher.healthy()

    @property
    def refused(self) -> int:
        """Readings that the broker refused, each for good."""
        return self._refused

    def status(self) -> PublisherStatus:
        link = self._publisher.status()
        state, problem = self._state(link.state, link.problem)
        with self._lock:
            return PublisherStatus(
                state=state,
                devices=self._config.devices,
                interval_s=self._config.interval_s,
                published=self._confirmed,
                waiting=len(self._unsettled),
                host=link.host,
                port=link.port,
                problem=problem,
            )

    def _state(
        self, link: LinkState, link_problem: Problem | None
    ) -> tuple[PublisherState, Problem | None]:
        with self._lock:
            oldest_s = next(iter(self._unsettled.values()), None)
            refusal, confirmed = self._refusal, self._confirmed
        if self._thread.ident is None or self._stopping.is_set():
            return PublisherState.STOPPED, None
        if self._fault or refusal:
            return PublisherState.ERROR, self._fault or refusal
        if link is LinkState.REFUSED:
            return PublisherState.ERROR, link_problem
        patience_s = max(_PATIENCE_INTERVALS * self._config.interval_s, _PATIENCE_S)
        if oldest_s is not None and time.monotonic() - oldest_s > patience_s:
            return PublisherState.UNCONFIRMED, link_problem
        if confirmed == 0:
            return PublisherState.STARTING, link_problem
        return PublisherState.RUNNING, link_problem

    def _run(self) -> None:
        try:
            self._publish_all(self._simulators())
        except Exception:  # noqa: BLE001 - the window must learn that the thread is gone
            _log.exception("The publisher stopped by a fault")
            self._fault = Problem("publisher.failed")

    def _simulators(self) -> dict[str, Simulator]:
        offset_s = float(time.localtime().tm_gmtoff)
        simulators = {}
        for number, device in enumerate(device_ids(self._config)):
            try:
                start = self._last_values(device)
            except KnownError as error:
                _log.warning("%s starts anew: its last values cannot be read: %s", device, error)
                start = None
            simulators[device] = Simulator(device, number, self._config.seed, start, offset_s)
        return simulators

    def _publish_all(self, simulators: dict[str, Simulator]) -> None:
        for _round in self._rounds():
            for device, simulator in simulators.items():
                if self._config.count is not None and self._made >= self._config.count:
                    break
                timestamp_us = self._now_us()
                values = simulator.reading(timestamp_us)
                if not self._publish(self._encode(device, timestamp_us, values)):
                    return

    def _rounds(self) -> Iterator[None]:
        """One item an interval, without drift, until there is nothing more to do."""
        interval_s = self._config.interval_s
        due_s = time.monotonic()
        while True:
            yield
            if self._config.count is not None and self._made >= self._config.count:
                self._end_of_count()
                return
            due_s += interval_s
            late_s = time.monotonic() - due_s
            if late_s > 0:
                # After a sleep, or a full queue, the missed rounds are not made up for.
                due_s += interval_s * (late_s // interval_s + 1)
            if self._stopping.wait(due_s - time.monotonic()):
                return

    def _publish(self, payload: bytes) -> bool:
        """Keeps trying while too many messages wait; False when stopped."""
        with self._lock:
            number = self._made
            self._made += 1
            self._unsettled[number] = time.monotonic()
        while not self._publisher.publish(
            self._config.topic, payload, lambda problem: self._settled(number, problem)
        ):
            if self._stopping.wait(_ROOM_POLL_S):
                return False
        return True

    def _settled(self, number: int, problem: Problem | None) -> None:
        with self._lock:
            self._unsettled.pop(number, None)
            self._refusal = problem
            if problem is None:
                self._confirmed += 1
            else:
                self._refused += 1
        self._check_finished()

    def _end_of_count(self) -> None:
        with self._lock:
            self._all_made = True
        self._check_finished()

    def _check_finished(self) -> None:
        with self._lock:
            done = self._all_made and not self._unsettled
        if done:
            self.finished.set()
