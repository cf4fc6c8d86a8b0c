"""The way in: subscribes, hands every message on, acknowledges what was committed."""

import logging
import time
from collections.abc import Callable, Sequence

from paho.mqtt import client as mqtt

from harit_desktop.domain.broker_health import FACTS
from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import RawMessage, Receipt
from harit_desktop.domain.status import LinkStatus
from harit_desktop.domain.topics import origin_bytes
from harit_desktop.transport.broker_counters import DROPPED_TOPIC, DropCounter
from harit_desktop.transport.broker_facts import SYS_PREFIX, BrokerFacts
from harit_desktop.transport.canary import PROBE_PREFIX, Canary, ProbeTimes, Verdict
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.extra_topics import ExtraTopics, subscribe
from harit_desktop.transport.link_notices import LinkNotices
from harit_desktop.transport.mqtt_client import RECEIVE_MAXIMUM, BufferedClient, ProtocolVersion
from harit_desktop.transport.mqtt_connection import Accepted
from harit_desktop.transport.mqtt_errors import FIRST_FAILURE_CODE, broker_problem
from harit_desktop.transport.mqtt_session import MqttSession
from harit_desktop.transport.retry import REFUSED_PAUSE_S
from harit_desktop.transport.session_memory import SessionMemory, session_key
from harit_desktop.transport.watchdog import KEPT_BYTES, MAX_PACKET_BYTES

_log = logging.getLogger(__name__)

_USUAL_WINDOW = 20
"""Unacknowledged messages that a broker has under way to an MQTT 3.1.1 client."""
_OWN_TOPICS = (SYS_PREFIX, PROBE_PREFIX)
_LOOK_S = 1.0
_SAVE_S = 60.0


class MqttSource:
    """Receives `topics` at QoS 1 through a persistent session of the endpoint's client id.

    `deliver` gets each message on the network thread; it must only queue it. A message
    with a receipt stays with the broker until `acknowledge` names it. The status says
    CONNECTED once the broker granted the subscriptions; its problem is then what is wrong
    all the same, the worst of it. `session_memory` lets it notice what was lost while the
    program was not running. May be used from any thread.

    `extra_topics` (names, no filters) are subscribed to as well, without the share group, and
    are no condition of anything. What comes on them with `own_mark` is our own, and is
    acknowledged and dropped here.
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        topics: Sequence[str],
        deliver: Callable[[RawMessage], None],
        now_us: NowUs,
        share_group: str = "",
        *,
        session_memory: SessionMemory | None = None,
        probe_times: ProbeTimes | None = None,
        extra_topics: Sequence[str] = (),
        own_mark: str = "",
    ) -> None:
        prefix = f"$share/{share_group}/" if share_group else ""
        self._filters = tuple(prefix + topic for topic in topics)
        self._extra = ExtraTopics(extra_topics, self._filters)
        self._own_mark = origin_bytes(own_mark)
        self._echo_topics = frozenset(extra_topics) if own_mark else frozenset()
        self._endpoint = endpoint
        self._deliver = deliver
        self._now_us = now_us
        self._session = MqttSession(
            endpoint, self, now_us, thread_name="mqtt-net", handler_reports=True
        )
        self._client: BufferedClient | None = None
        self._version: ProtocolVersion = "5"
        self._asked: dict[int, str] = {}
        self._denied: list[str] = []
        self._lowered: list[str] = []
        self._ask_again_s: float | None = None
        self._settled = False
        self._memory = session_memory or SessionMemory()
        self._key = session_key(endpoint.host, endpoint.port, endpoint.client_id)
        self._notices = LinkNotices(endpoint)
        self._shown: tuple[Problem, ...] = ()
        self._drops = DropCounter(self._memory, self._key)
        self._facts = BrokerFacts()
        self._facts_changed = False
        self._probe_times = probe_times or ProbeTimes()
        self._canary: Canary | None = None
        self._delivered = 0
        self._unconfirmed = False
        self._look_s = self._save_s = 0.0
        self.stalls = 0
        """Connections given up because the broker delivered nothing on them."""

    def start(self) -> None:
        self._session.start()

    def stop(self, deadline_s: float) -> bool:
        """Sends the queued acknowledgements and disconnects; see `MqttSession.stop`."""
        return self._session.stop(deadline_s)

    def status(self) -> LinkStatus:
        return self._session.status()

    def retry_now(self) -> None:
        """Connects (or, where that was denied, subscribes) again without waiting."""
        if self._ask_again_s is not None:
            self._ask_again_s = 0.0
            self._session.wake()
        self._session.retry_now()

    def healthy(self) -> bool:
        return self._session.healthy()

    @property
    def unacked(self) -> int:
        return self._session.unacked

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """Acknowledges in the order given; receipts of an earlier connection are dropped."""
        self._session.acknowledge(receipts)

    # From here on: `SessionHandler`, called by the session on its thread.

    def opened(self, client: BufferedClient, version: ProtocolVersion, accepted: Accepted) -> None:
        self._client, self._version = client, version
        now_us = self._now_us()
        # MQTT keeps no session for a client without a name.
        if self._endpoint.client_id:
            if self._memory.connected(
                self._key, session_present=accepted.session_present, now_us=now_us
            ):
                self._notices.session_lost(now_us)
                _log.warning("The broker had no session for %s any more", self._key)
            elif accepted.session_present:
                self._notices.session_resumed()
        # Also with a session present: the broker may have lost the subscription alone.
        self._subscribe()
        if self._canary is None:
            proven = self._memory.probe_worked(self._key)
            self._canary = Canary(self._endpoint.client_id, self._probe_times, proven=proven)
        self._canary.opened(client, version)
        self._drops.opened(client, version)
        self._facts.opened(client, version, accepted.limits)
        self._facts_changed = True

    def closed(self) -> None:
        self._client = None
        self._settled = False
        self._ask_again_s = None
        self._extra.closed()
        if self._canary is not None:
            self._canary.closed()
        self._memory.save()

    def message(self, message: mqtt.MQTTMessage) -> None:
        topic = _topic_of(message)
        if topic in self._echo_topics and self._own_mark in message.payload:
            self._session.acknowledge_own(message)
            return
        if topic.startswith(_OWN_TOPICS) and self._is_own(topic, message):
            self._session.acknowledge_own(message)
            return
        if not message.qos:
            self._unconfirmed = True
        self._deliver(
            RawMessage(
                topic=topic,
                payload=_bounded(message.payload),
                received_us=self._now_us(),
                receipt=self._session.receipt_of(message),
                qos=message.qos,
                retained=message.retain,
                duplicate_flag=message.dup,
            )
        )

    def subscribed(self, packet_id: int, codes: Sequence[int]) -> None:
        if not codes or (self._canary and self._canary.subscribed(packet_id, codes[0])):
            return
        if self._extra.subscribed(packet_id, codes[0]):
            return
        topic = self._asked.pop(packet_id, None)
        if topic is None:
            return
        if codes[0] >= FIRST_FAILURE_CODE:
            self._denied.append(topic)
        elif codes[0] == 0:
            self._lowered.append(topic)
        if not self._asked:
            self._report()

    def published(self, packet_id: int, code: int) -> None:
        if self._canary is not None:
            self._canary.published(packet_id, code)

    def tick(self) -> None:
        now_s = time.monotonic()
        if self._ask_again_s is not None and now_s >= self._ask_again_s:
            self._subscribe()
        self._check_delivery()
        if now_s >= self._look_s:
            self._look_s = now_s + _LOOK_S
            if self._facts_changed:
                self._facts_changed = False
                self._session.tell_health(self._facts.health())
            if self._settled and self._notices.current(self._now_us()) != self._shown:
                self._report()
        if now_s >= self._save_s:
            self._save_s = now_s + _SAVE_S
            self._memory.save()

    def _is_own(self, topic: str, message: mqtt.MQTTMessage) -> bool:
        """Whether a message is for this program itself and no reading."""
        now_us = self._now_us()
        if topic.startswith(SYS_PREFIX):
            self._facts_changed |= self._facts.seen(topic, bytes(message.payload), now_us)
        if topic == DROPPED_TOPIC:
            count = self._drops.seen(bytes(message.payload), now_us)
            if count:
                _log.warning("The broker dropped %d messages of its clients", count)
                self._notices.dropped(count, now_us)
                self._look_s = 0.0
        if topic in FACTS.values():
            return True
        return self._canary is not None and self._canary.arrived(topic, bytes(message.payload))

    def _check_delivery(self) -> None:
        canary = self._canary
        if canary is None:
            return
        self._note_movement(canary)
        verdict = canary.tick()
        if verdict is Verdict.GOOD:
            self._memory.note_probe_worked(self._key, self._now_us())
            self._notices.stalled = False
            self._look_s = 0.0
        elif verdict is Verdict.STALLED:
            self.stalls += 1
            self._drops.crowded()
            self._notices.stalled = canary.proven
            self._session.connect_anew(broker_problem(self._endpoint, "broker.stalled"))

    def _note_movement(self, canary: Canary) -> None:
        unacked, delivered = self._session.unacked, self._session.delivered
        if unacked or delivered != self._delivered:
            # Nothing is delivered either while our own store, or a full inbox, holds it up.
            canary.busy()
            self._delivered = delivered
        elif self._unconfirmed:
            canary.busy_unconfirmed()
        self._unconfirmed = False
        if unacked >= (RECEIVE_MAXIMUM if self._version == "5" else _USUAL_WINDOW) // 2:
            self._drops.crowded()

    def _subscribe(self) -> None:
        client = self._client
        if client is None:
            return
        self._ask_again_s = None
        self._settled = False
        self._asked.clear()
        self._denied.clear()
        self._lowered.clear()
        for topic in self._filters:
            # One SUBSCRIBE a topic, so that one bad filter does not cost us the others.
            try:
                packet_id = subscribe(client, self._version, topic)
            except ValueError:
                self._denied.append(topic)
                continue
            if packet_id is not None:
                self._asked[packet_id] = topic
        if not self._asked:
            self._report()

    def _report(self) -> None:
        self._settled = True
        self._shown = self._notices.current(self._now_us())
        all_denied = len(self._denied) == len(self._filters)
        if self._client is not None and not all_denied:
            self._extra.ask(self._client, self._version)
        self._ask_again_s = time.monotonic() + REFUSED_PAUSE_S if self._denied else None
        self._session.report(
            self._problem(),
            refused=all_denied,
            retry_s=REFUSED_PAUSE_S if self._denied else None,
        )

    def _problem(self) -> Problem | None:
        if self._denied:
            return self._of_topics("broker.subscribe_denied", self._denied)
        if self._shown:
            return self._shown[0]
        if self._lowered:
            return self._of_topics("broker.qos_lowered", self._lowered)
        return None

    def _of_topics(self, code: str, topics: Sequence[str]) -> Problem:
        return broker_problem(self._endpoint, code, topic=topics[0], count=len(topics))


def _bounded(payload: bytes | bytearray) -> bytes:
    """The beginning of a huge message: the watchdog has cut it already, at some length."""
    return bytes(payload if len(payload) <= MAX_PACKET_BYTES else payload[:KEPT_BYTES])


def _topic_of(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        # Only a broken broker passes such a topic on; the message is kept all the same.
        raw: bytes = getattr(message, "_topic", b"")
        return raw.decode("utf-8", "replace")
