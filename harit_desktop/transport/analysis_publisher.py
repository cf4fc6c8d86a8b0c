"""Tells other programs what we make of the readings, without anybody waiting for it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from harit_desktop.domain.analysis import Analysis
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.reading import AnalysedReading, Reading
from harit_desktop.domain.status import AnalysisPublishStatus, LinkState
from harit_desktop.domain.topics import ANALYSIS_TOPIC, origin_bytes
from harit_desktop.transport.analysis_queue import AnalysisQueue, Pace
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_publisher import MqttPublisher, Settled
from harit_desktop.transport.retry import REFUSED_PAUSE_S

_log = logging.getLogger(__name__)

WINDOW = 100
"""Messages handed to the connection that the broker has not confirmed."""

MAX_DEVICES = 100
"""Probes that are announced to Home Assistant."""

_LAST_WORDS_S = 1.0

EncodeAnalysis = Callable[[Reading, Analysis, str], bytes]
"""Makes the payload of a reading, its analysis and our mark."""

Discover = Callable[[Reading, str], Sequence[tuple[str, bytes]]]
"""Topics and payloads, to be retained, that announce a reading's probe; the text is the topic
of the analyses. Empty where there is nothing to announce."""


class _Ready(msgspec.Struct, frozen=True, gc=False):
    topic: str
    payload: bytes
    announces: bool


class AnalysisPublisher:
    """A client of its own (the endpoint's id + "-analysis"). Public methods: any thread.

    Publishes each offered analysis at QoS 1, not retained, at a pace that a broker can bear;
    what is not confirmed goes again after a reconnect. It may lose analyses (the oldest of too
    many, and those that the broker refuses), never time of whoever offers them. `own_mark`
    tells our messages from those of others; see `domain.topics`.

    With `home_assistant` the probes are announced to it, each once in a connection.
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        now_us: NowUs,
        *,
        own_mark: str,
        encode: EncodeAnalysis,
        home_assistant: Discover | None = None,
        topic: str = ANALYSIS_TOPIC,
    ) -> None:
        origin_bytes(own_mark)  # refuses a mark that would not be found again
        self._own_mark = own_mark
        self._encode = encode
        self._discover = home_assistant
        self._topic = topic
        self._queue = AnalysisQueue()
        self._pace = Pace()
        self._ready: deque[_Ready] = deque()
        self._taken = self._under_way = self._published = self._refused = 0
        self._refusal: Problem | None = None
        self._quiet_until_s = 0.0
        self._devices: set[str] = set()
        self._announced: set[str] = set()
        self._unannounced: Problem | None = None
        self._leaving = False
        self._drained = threading.Event()
        self._publisher = MqttPublisher(
            endpoint,
            now_us,
            own_mark,
            client_suffix="-analysis",
            max_waiting=2 * WINDOW,
            feed=self,
            thread_name="mqtt-analysis-net",
        )

    def start(self) -> None:
        self._publisher.start()

    def stop(self, deadline_s: float) -> bool:
        """Sends what it can within about a second and disconnects; the rest is given up."""
        until_s = time.monotonic() + deadline_s
        self._leaving = True
        connected = self._publisher.status().state is LinkState.CONNECTED
        if connected and self._waiting and self._refusal is None:
            self._publisher.wake()
            self._drained.wait(min(_LAST_WORDS_S, deadline_s / 2))
        return self._publisher.stop(max(0.0, until_s - time.monotonic()))

    def offer(self, items: Sequence[AnalysedReading]) -> None:
        """Takes stored readings; returns at once, whatever the broker does."""
        if items and not self._leaving and self._queue.add(items):
            self._publisher.wake()

    def status(self) -> AnalysisPublishStatus:
        link = self._publisher.status()
        refusal = self._refusal if link.state is LinkState.CONNECTED else None
        return AnalysisPublishStatus(
            state=LinkState.REFUSED if refusal else link.state,
            published=self._published,
            waiting=self._waiting,
            dropped=self._queue.dropped + self._refused,
            problem=link.problem or refusal or self._unannounced,
        )

    def retry_now(self) -> None:
        self._quiet_until_s = 0.0
        self._publisher.retry_now()
        self._publisher.wake()

    def healthy(self) -> bool:
        return self._publisher.healthy()

    @property
    def _waiting(self) -> int:
        return len(self._queue) + self._taken

    # From here on: `Feed`, called by the publisher on its network thread.

    def opened(self) -> None:
        self._announced.clear()
        self._unannounced = None
        self._quiet_until_s = 0.0

    def fill(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._quiet_until_s:
            room = min(WINDOW - self._under_way, self._pace.allowed(now_s))
            self._send(max(0, room))
        if self._leaving and not self._waiting:
            self._drained.set()

    def _send(self, room: int) -> None:
        for _ in range(room):
            if not self._ready and not self._prepare():
                return
            each = self._ready[0]
            settled = self._announcement_settled if each.announces else self._analysis_settled
            if not self._hand_over(each, settled):
                return
            self._ready.popleft()
            self._pace.spend(1)

    def _hand_over(self, each: _Ready, settled: Settled) -> bool:
        taken = self._publisher.publish(each.topic, each.payload, settled, retained=each.announces)
        self._under_way += taken
        return taken

    def _prepare(self) -> bool:
        """Makes the next messages ready, in the order in which they go; False: there are none."""
        item = self._queue.take()
        if item is None:
            return False
        self._taken += 1
        self._ready.extend(self._announcements(item.reading))
        payload = self._encode(item.reading, item.analysis, self._own_mark)
        self._ready.append(_Ready(self._topic, payload, False))
        return True

    def _announcements(self, reading: Reading) -> list[_Ready]:
        device = reading.publisher_id
        if self._discover is None or self._unannounced is not None or device in self._announced:
            return []
        if device not in self._devices and len(self._devices) >= MAX_DEVICES:
            return []
        found = [_Ready(*each, True) for each in self._discover(reading, self._topic)]
        if found:
            self._devices.add(device)
            self._announced.add(device)
        return found

    def _analysis_settled(self, problem: Problem | None) -> None:
        self._under_way -= 1
        self._taken -= 1
        if problem is None:
            self._published += 1
            self._refusal = None
            return
        self._refused += 1
        if self._refusal is None:
            _log.warning("Analyses are not published: %s", problem)
        self._refusal = problem
        # The broker's rules do not change by asking again.
        self._quiet_until_s = time.monotonic() + REFUSED_PAUSE_S

    def _announcement_settled(self, problem: Problem | None) -> None:
        self._under_way -= 1
        if problem is not None and self._unannounced is None:
            _log.warning("Probes are not announced to Home Assistant: %s", problem)
            self._unannounced = problem
