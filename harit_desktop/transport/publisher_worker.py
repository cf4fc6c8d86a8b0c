"""Simulated probes that report at an interval, on a thread of their own."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.channels import Values
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.outbox import OutboxItem, ReadingOutbox
from harit_desktop.domain.status import (
    LinkState,
    LinkStatus,
    PublisherRoute,
    PublisherState,
    PublisherStatus,
)
from harit_desktop.transport.api_client import ApiClient
from harit_desktop.transport.failover import STABLE_S, Mode, PublisherFailover
from harit_desktop.transport.mqtt_publisher import MqttPublisher
from harit_desktop.transport.publisher_sender import PublisherSender, SenderStatus, Settlement
from harit_desktop.transport.publisher_tally import PublisherTally
from harit_desktop.transport.simulator import Simulator

_log = logging.getLogger(__name__)

_PATIENCE_S = 10.0
_PATIENCE_INTERVALS = 3

Encode = Callable[[str, int, Values], bytes]
"""Makes a payload of device id, instant in microseconds and values."""


class PublisherConfig(msgspec.Struct, frozen=True):
    """`count` is the number of readings in all (of all devices); None for no end.

    `publisher_id` is also the `MqttPublisher`'s. The broker is tried `mqtt_retries` times
    before the API takes over, and has the readings back after `stable_s` connected.
    """

    devices: Annotated[int, Meta(ge=1)] = 1
    interval_s: Annotated[float, Meta(gt=0)] = 60.0
    publisher_id: str = "simulator-01"
    topic: str = "harit-samarth/sensor/data"
    seed: int = 0
    count: int | None = None
    mqtt_retries: Annotated[int, Meta(ge=0)] = 3
    stable_s: float = STABLE_S


def device_ids(config: PublisherConfig) -> tuple[str, ...]:
    """The first device has the publisher's own id, the next ones `-2`, `-3` ... appended."""
    own = config.publisher_id
    return (own, *(f"{own}-{number}" for number in range(2, config.devices + 1)))


class PublisherWorker:
    """Makes the readings of simulated devices and sees to it that each arrives.

    Each round goes into `outbox` first; a `PublisherSender` empties that over `publisher` or
    `api`, either of which may be missing. `encode` makes the broker's payload, `encode_post`
    the API's of the same reading. `read_history` understands what the API says to hold.
    `last_values` gives a device's newest stored values, from which it goes on; it is called
    once a device, on the worker's thread, and may raise KnownError. `finished` is set when
    `count` readings were made and none of them waits any more. Owns publisher, outbox and api:
    starts and closes them. Started once, stopped once.
    """

    def __init__(
        self,
        config: PublisherConfig,
        publisher: MqttPublisher | None,
        encode: Encode,
        encode_post: Encode,
        last_values: Callable[[str], Values | None],
        now_us: NowUs,
        outbox: ReadingOutbox,
        api: ApiClient | None,
        mode: Mode,
        read_history: Callable[[bytes], ApiPage],
        posted: Callable[[OutboxItem], None] | None = None,
    ) -> None:
        self._config = config
        self._publisher = None if mode == "api_only" else publisher
        self._api = None if mode == "mqtt_only" else api
        self._encode = encode
        self._encode_post = encode_post
        self._last_values = last_values
        self._now_us = now_us
        self._outbox = outbox
        failover = PublisherFailover(
            mode,
            has_broker=self._publisher is not None,
            has_api=self._api is not None,
            retries=config.mqtt_retries,
            stable_s=config.stable_s,
        )
        self._sender = PublisherSender(
            self._publisher, self._api, outbox, failover, now_us, self._note, read_history, posted
        )
        self._tally = PublisherTally()
        self.finished = threading.Event()
        self._stopping = threading.Event()
        self._own_from = 0
        self._made = 0
        self._all_made = False
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        if self._publisher is not None:
            self._publisher.start()
        self._sender.start()
        self._thread.start()

    def stop(self, deadline_s: float) -> bool:
        """Ends the readings, announces "offline" and disconnects. True when all ended in time.

        What nobody confirmed stays in the outbox for the next run.
        """
        until_s = time.monotonic() + deadline_s
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(deadline_s / 4)
        sender_ended = self._sender.stop(deadline_s / 4)
        ended = sender_ended and not self._thread.is_alive()
        if self._publisher is not None:
            ended &= self._publisher.stop(max(0.0, until_s - time.monotonic()))
        if sender_ended:
            # The broker answers for the last readings while it hears the goodbye.
            self._sender.note_answers()
        if sender_ended and not self._thread.is_alive():
            self._outbox.close()
        return ended

    def retry_now(self) -> None:
        """Tries broker and API at once instead of waiting for the back-off."""
        if self._publisher is not None:
            self._publisher.retry_now()
        self._sender.retry_now()

    def healthy(self) -> bool:
        """False when a thread ended by a fault, which only a new worker cures."""
        return not self._faulty and (self._publisher is None or self._publisher.healthy())

    @property
    def refused(self) -> int:
        """Readings of this run that were refused, each for good."""
        return self._tally.refused

    @property
    def confirmed_own(self) -> int:
        """Readings of this run that arrived."""
        return self._tally.confirmed_own

    def status(self) -> PublisherStatus:
        link = LinkStatus() if self._publisher is None else self._publisher.status()
        sender, waiting = self._sender.status(), self._outbox.count()
        state, problem = self._state(link, sender, waiting)
        return PublisherStatus(
            state=state,
            devices=self._config.devices,
            interval_s=self._config.interval_s,
            published=self._tally.confirmed,
            waiting=waiting,
            host=link.host,
            port=link.port,
            problem=problem,
            route=sender.route,
            via_api=self._tally.via_api,
            attempt=sender.attempt,
            retry_at_us=sender.retry_at_us,
            back_at_us=sender.back_at_us,
        )

    @property
    def _faulty(self) -> bool:
        return self._failed or self._sender.failed

    def _state(
        self, link: LinkStatus, sender: SenderStatus, waiting: int
    ) -> tuple[PublisherState, Problem | None]:
        if self._thread.ident is None or self._stopping.is_set():
            return PublisherState.STOPPED, None
        if self._faulty:
            return PublisherState.ERROR, Problem("publisher.failed")
        if self._tally.refusal is not None:
            return PublisherState.ERROR, self._tally.refusal
        problem = self._outbox.problem or self._problem(link, sender)
        if self._is_stuck(link, sender):
            return PublisherState.ERROR, problem
        patience_s = max(_PATIENCE_INTERVALS * self._config.interval_s, _PATIENCE_S)
        if waiting and self._tally.quiet_s > patience_s:
            return PublisherState.UNCONFIRMED, problem
        if self._tally.confirmed == 0:
            return PublisherState.STARTING, problem
        return PublisherState.RUNNING, problem

    def _is_stuck(self, link: LinkStatus, sender: SenderStatus) -> bool:
        """Whether nothing goes out before a person changes something."""
        broker_closed = self._publisher is None or link.state is LinkState.REFUSED
        return broker_closed and (self._api is None or sender.api_stopped)

    def _problem(self, link: LinkStatus, sender: SenderStatus) -> Problem | None:
        if self._publisher is None and self._api is None:
            return Problem("api.not_set")
        if sender.api_stopped and sender.route is not PublisherRoute.API:
            return sender.api_problem
        if link.problem is None and sender.route is PublisherRoute.MQTT:
            return None
        return link.problem or sender.api_problem

    def _run(self) -> None:
        try:
            self._own_from = self._outbox.open()
            self._make_all(self._simulators())
        except Exception:  # noqa: BLE001 - the window must learn that the thread is gone
            _log.exception("The publisher stopped by a fault")
            self._failed = True

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

    def _make_all(self, simulators: dict[str, Simulator]) -> None:
        for _round in self._rounds():
            left = len(simulators)
            if self._config.count is not None:
                left = min(left, self._config.count - self._made)
            made = [
                self._reading(device, simulator)
                for device, simulator in list(simulators.items())[:left]
            ]
            self._made += len(made)
            if not self._outbox.count():
                self._tally.begin()
            self._outbox.append(made)
            self._sender.wake()

    def _reading(self, device: str, simulator: Simulator) -> OutboxItem:
        timestamp_us = self._now_us()
        values = simulator.reading(timestamp_us)
        return OutboxItem(
            device,
            timestamp_us,
            self._config.topic,
            self._encode(device, timestamp_us, values),
            self._encode_post(device, timestamp_us, values),
        )

    def _rounds(self) -> Iterator[None]:
        """One item an interval, without drift, until there is nothing more to do."""
        interval_s = self._config.interval_s
        due_s = time.monotonic()
        while True:
            yield
            if self._config.count is not None and self._made >= self._config.count:
                self._all_made = True
                self._check_finished()
                return
            due_s += interval_s
            late_s = time.monotonic() - due_s
            if late_s > 0:
                # After a sleep, or a slow disk, the missed rounds are not made up for.
                due_s += interval_s * (late_s // interval_s + 1)
            if self._stopping.wait(due_s - time.monotonic()):
                return

    def _note(self, settlement: Settlement) -> None:
        self._tally.add(settlement)
        self._check_finished()

    def _check_finished(self) -> None:
        if self._all_made and self._outbox.newest_id() < self._own_from:
            self.finished.set()
