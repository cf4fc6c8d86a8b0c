"""The way in: subscribes, hands every message on, acknowledges what was committed."""

import time
from collections.abc import Callable, Sequence

from paho.mqtt import client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from harit_desktop.domain.clock import NowUs
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import RawMessage, Receipt
from harit_desktop.domain.status import LinkStatus
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import BufferedClient, ProtocolVersion
from harit_desktop.transport.mqtt_connection import Accepted
from harit_desktop.transport.mqtt_errors import broker_problem
from harit_desktop.transport.mqtt_session import MqttSession
from harit_desktop.transport.retry import REFUSED_PAUSE_S

_SEND_RETAINED_IF_NEW = 1
_FIRST_FAILURE_CODE = 0x80


class MqttSource:
    """Receives `topics` at QoS 1 through a persistent session of the endpoint's client id.

    `deliver` gets each message on the network thread; it must only queue it. A message
    with a receipt stays with the broker until `acknowledge` names it. The status says
    CONNECTED once the broker granted the subscriptions. May be used from any thread.
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        topics: Sequence[str],
        deliver: Callable[[RawMessage], None],
        now_us: NowUs,
        share_group: str = "",
    ) -> None:
        prefix = f"$share/{share_group}/" if share_group else ""
        self._filters = tuple(prefix + topic for topic in topics)
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
        # Also with a session present: the broker may have lost the subscription alone.
        self._client, self._version = client, version
        self._subscribe()

    def closed(self) -> None:
        self._client = None
        self._ask_again_s = None

    def message(self, message: mqtt.MQTTMessage) -> None:
        self._deliver(
            RawMessage(
                topic=_topic_of(message),
                payload=bytes(message.payload),
                received_us=self._now_us(),
                receipt=self._session.receipt_of(message),
                qos=message.qos,
                retained=message.retain,
                duplicate_flag=message.dup,
            )
        )

    def subscribed(self, packet_id: int, codes: Sequence[int]) -> None:
        topic = self._asked.pop(packet_id, None)
        if topic is None or not codes:
            return
        if codes[0] >= _FIRST_FAILURE_CODE:
            self._denied.append(topic)
        elif codes[0] == 0:
            self._lowered.append(topic)
        if not self._asked:
            self._report()

    def published(self, packet_id: int, code: int) -> None:
        pass

    def tick(self) -> None:
        if self._ask_again_s is not None and time.monotonic() >= self._ask_again_s:
            self._subscribe()

    def _subscribe(self) -> None:
        client = self._client
        if client is None:
            return
        self._ask_again_s = None
        self._asked.clear()
        self._denied.clear()
        self._lowered.clear()
        for topic in self._filters:
            # One SUBSCRIBE a topic, so that one bad filter does not cost us the others.
            try:
                if self._version == "5":
                    options = SubscribeOptions(qos=1, retainHandling=_SEND_RETAINED_IF_NEW)
                    rc, packet_id = client.subscribe(topic, options=options)
                else:
                    rc, packet_id = client.subscribe(topic, qos=1)
            except ValueError:
                self._denied.append(topic)
                continue
            if rc == MQTTErrorCode.MQTT_ERR_SUCCESS and packet_id is not None:
                self._asked[packet_id] = topic
        if not self._asked:
            self._report()

    def _report(self) -> None:
        all_denied = len(self._denied) == len(self._filters)
        self._ask_again_s = time.monotonic() + REFUSED_PAUSE_S if self._denied else None
        self._session.report(
            self._problem(),
            refused=all_denied,
            retry_s=REFUSED_PAUSE_S if self._denied else None,
        )

    def _problem(self) -> Problem | None:
        for code, topics in (
            ("broker.subscribe_denied", self._denied),
            ("broker.qos_lowered", self._lowered),
        ):
            if topics:
                return broker_problem(self._endpoint, code, topic=topics[0], count=len(topics))
        return None


def _topic_of(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        # Only a broken broker passes such a topic on; the message is kept all the same.
        raw: bytes = getattr(message, "_topic", b"")
        return raw.decode("utf-8", "replace")
