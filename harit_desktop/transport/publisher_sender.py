"""Empties the publisher's outbox by the way that is open, on a thread of its own."""

import functools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

import msgspec

from harit_desktop.domain.api import ApiPage
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.outbox import OutboxItem, ReadingOutbox
from harit_desktop.domain.status import LinkState, LinkStatus, PublisherRoute
from harit_desktop.transport.api_client import ApiClient, ApiFailure
from harit_desktop.transport.failover import BrokerLink, Directions, PublisherFailover
from harit_desktop.transport.mqtt_publisher import MqttPublisher
from harit_desktop.transport.post_doubt import (
    CUT_OFF_S,
    HISTORY_ROWS,
    LOOK_AGAIN_S,
    Fate,
    PostDoubt,
    posted_values,
)

_log = logging.getLogger(__name__)

_WINDOW = 200
_POLL_S = 0.25
_SILENT_S = 20.0
"""A connected broker that confirms nothing for this long counts as gone."""


class Settlement(msgspec.Struct, frozen=True):
    """Readings that left the outbox: `own` were made in this run, the others before.

    `problem` is why they were refused, None where they arrived.
    """

    own: int
    others: int
    via_api: bool
    problem: Problem | None


class SenderStatus(msgspec.Struct, frozen=True):
    """`api_problem` is why the API does not take readings, `api_stopped` that a person must
    act first; instants in microseconds UTC."""

    route: PublisherRoute = PublisherRoute.MQTT
    attempt: int = 0
    retry_at_us: int | None = None
    back_at_us: int | None = None
    api_problem: Problem | None = None
    api_stopped: bool = False


class PublisherSender:
    """The only reader of `outbox`; `settled` is called on its thread.

    A reading leaves the outbox when a way confirmed it, or refused it for good. Any other
    is sent again as it was, by this way or the other; by the API only where its history does
    not show that it arrived, for the existing backend stores what comes twice twice.
    `read_history` understands that history, or raises KnownError. `posted` is told of each
    reading that the API has. Started once, stopped once.
    """

    def __init__(
        self,
        publisher: MqttPublisher | None,
        api: ApiClient | None,
        outbox: ReadingOutbox,
        failover: PublisherFailover,
        now_us: NowUs,
        settled: Callable[[Settlement], None],
        read_history: Callable[[bytes], ApiPage],
        posted: Callable[[OutboxItem], None] | None = None,
    ) -> None:
        self._publisher = publisher
        self._api = api
        self._outbox = outbox
        self._failover = failover
        self._now_us = now_us
        self._settled = settled
        self._read_history = read_history
        self._posted = posted
        self._own_from = 0
        self._sent: set[int] = set()
        self._taken = 0
        self._heard_s = time.monotonic()
        self._answers: deque[tuple[int, Problem | None]] = deque()
        self._api_problem: Problem | None = None
        self._doubt: PostDoubt[int] = PostDoubt(now_us)
        self._left_over = True
        self._begun_s = time.monotonic()
        self._retry_now = False
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._status = SenderStatus()
        self.failed = False
        self._thread = threading.Thread(target=self._run, name="publisher-send", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There may be something new to send."""
        self._wake.set()

    def retry_now(self) -> None:
        """Asks both ways at once instead of waiting."""
        self._retry_now = True
        self._wake.set()

    def stop(self, deadline_s: float) -> bool:
        """Ends after the request in hand, or ends that too when it takes long."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(deadline_s / 2)
        if self._api is not None:
            self._api.close()
        if self._thread.ident is not None:
            self._thread.join(deadline_s / 2)
        return not self._thread.is_alive()

    def note_answers(self) -> None:
        """Lets go of what the broker answered for. On the thread, or after its end."""
        arrived = []
        while self._answers:
            item_id, problem = self._answers.popleft()
            self._sent.discard(item_id)
            if problem is None:
                arrived.append(item_id)
            else:
                self._settle([item_id], problem, via_api=False)
        if arrived:
            self._settle(arrived, None, via_api=False)

    def status(self) -> SenderStatus:
        return self._status

    def _run(self) -> None:
        try:
            self._own_from = self._outbox.open()
            while not self._stopping.is_set():
                if not self._step():
                    self._wake.wait(_POLL_S)
                self._wake.clear()
        except Exception:  # noqa: BLE001 - the window must learn that the thread is gone
            _log.exception("The publisher's sender stopped by a fault")
            self.failed = True

    def _step(self) -> bool:
        """True when there may be more to do at once."""
        self.note_answers()
        if self._retry_now:
            self._retry_now = False
            self._failover.retry_now()
        link = LinkStatus() if self._publisher is None else self._publisher.status()
        directions = self._failover.advance(self._link(link))
        self._show(directions, link)
        if self._publisher is not None:
            self._lead_broker(self._publisher, directions)
        if directions.to_api and self._api is not None:
            return self._post_oldest(self._api)
        return False

    def _link(self, link: LinkStatus) -> BrokerLink:
        if link.state is LinkState.REFUSED:
            return "refused"
        if link.state is not LinkState.CONNECTED:
            return "down"
        silent = self._sent and time.monotonic() - self._heard_s > _SILENT_S
        return "down" if silent else "up"

    def _lead_broker(self, publisher: MqttPublisher, directions: Directions) -> None:
        if directions.try_broker:
            publisher.retry_now()
        if directions.leave_broker and self._sent:
            publisher.withdraw()
            self._sent.clear()
            self._taken = 0
        if directions.to_broker:
            self._feed(publisher)

    def _feed(self, publisher: MqttPublisher) -> None:
        room = _WINDOW - len(self._sent)
        if room <= 0:
            return
        items = self._outbox.oldest(room, self._taken)
        if not items and not self._sent:
            # Whatever was passed over, as where the disk would not give it out.
            self._taken = 0
        if not self._sent:
            self._heard_s = time.monotonic()
        for item in items:
            answered = functools.partial(self._answered, item.id)
            # Before it is sent: its answer may be there before `publish` is back.
            self._sent.add(item.id)
            if not publisher.publish(item.topic, item.payload, answered):
                self._sent.discard(item.id)
                return
            self._taken = item.id

    def _answered(self, item_id: int, problem: Problem | None) -> None:
        """Called on the network thread."""
        self._heard_s = time.monotonic()
        self._answers.append((item_id, problem))
        self._wake.set()

    def _post_oldest(self, api: ApiClient) -> bool:
        waiting = self._outbox.oldest(1)
        return bool(waiting) and self._post(api, waiting[0])

    def _post(self, api: ApiClient, item: OutboxItem) -> bool:
        try:
            fate = self._fate(api, item)
            if fate is Fate.UNSURE:
                self._failover.unsure(LOOK_AGAIN_S)
                return False
            if fate is Fate.MISSING:
                self._send(api, item)
        except ApiFailure as failure:
            return self._not_posted(item, failure)
        self._failover.posted()
        self._api_problem = None
        if self._posted is not None:
            self._posted(item)
        self._settle([item.id], None, via_api=True)
        return True

    def _fate(self, api: ApiClient, item: OutboxItem) -> Fate:
        """What became of a reading that may have been posted before, else MISSING."""
        self._left_over &= item.id < self._own_from
        if self._left_over and self._doubt.item is None:
            # The run before may have ended between a post and its note.
            late_s = max(0.0, self._begun_s + CUT_OFF_S - time.monotonic())
            values = posted_values(item.body)
            self._doubt.suspect(item.id, values, late_s, made_us=item.timestamp_us)
        if self._doubt.item != item.id:
            # What was in doubt went to the broker since, or found no room.
            return Fate.MISSING
        fate = self._doubt.look(self._page(api))
        # Posted in order: where one was not, neither were those after it.
        self._left_over &= fate is not Fate.MISSING
        return fate

    def _page(self, api: ApiClient) -> ApiPage:
        """The newest rows. What cannot be understood is a failure of the API like another."""
        body = api.history(HISTORY_ROWS)
        try:
            return self._read_history(body)
        except KnownError as error:
            params = {**error.params, "host": api.address.host}
            raise ApiFailure("retry", error.code, retry_after_s=None, **params) from error

    def _send(self, api: ApiClient, item: OutboxItem) -> None:
        values = posted_values(item.body)
        try:
            api.post_reading(item.body)
        except ApiFailure as failure:
            self._doubt.failed(item.id, values, failure, made_us=item.timestamp_us)
            raise
        self._doubt.arrived(values)

    def _not_posted(self, item: OutboxItem, failure: ApiFailure) -> bool:
        """Whether to go on: a refusal is for this reading alone."""
        if self._stopping.is_set():
            return False
        self._failover.post_failed(failure.kind, failure.retry_after_s)
        if failure.kind == "refused":
            self._api_problem = None
            self._settle([item.id], failure.problem, via_api=True)
            return True
        if failure.problem != self._api_problem:
            _log.warning("The API takes no readings: %s", failure.problem)
        self._api_problem = failure.problem
        return False

    def _settle(self, ids: list[int], problem: Problem | None, *, via_api: bool) -> None:
        gone = self._outbox.settle(ids)
        if problem is not None and gone:
            _log.warning("%d readings were refused for good: %s", len(gone), problem)
        own = sum(item_id >= self._own_from for item_id in gone)
        self._settled(Settlement(own, len(gone) - own, via_api, problem))

    def _show(self, directions: Directions, link: LinkStatus) -> None:
        route, attempt = directions.route, directions.attempt
        retry_at_us = self._instant_us(directions.due_s)
        if route is PublisherRoute.RETRYING and link.state is LinkState.CONNECTING:
            # The very first attempt is no retry.
            route, attempt, retry_at_us = PublisherRoute.MQTT, 0, None
        if route is PublisherRoute.HOLDING:
            known = [each for each in (retry_at_us, link.retry_at_us) if each is not None]
            retry_at_us = min(known, default=None)
        if route is not self._status.route:
            _log.info("The publisher's route: %s", route.value)
        self._status = SenderStatus(
            route,
            attempt,
            retry_at_us,
            self._instant_us(directions.back_s),
            self._api_problem,
            self._failover.api_stopped,
        )

    def _instant_us(self, at_s: float | None) -> int | None:
        if at_s is None:
            return None
        return self._now_us() + round((at_s - time.monotonic()) * US_PER_S)
