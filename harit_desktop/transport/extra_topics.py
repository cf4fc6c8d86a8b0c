"""Topics that are good to hear, and whose denial costs nothing else."""

import logging
from collections.abc import Sequence

from paho.mqtt import client as mqtt
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from harit_desktop.transport.mqtt_client import BufferedClient, ProtocolVersion
from harit_desktop.transport.mqtt_errors import FIRST_FAILURE_CODE

_log = logging.getLogger(__name__)

_SEND_RETAINED_IF_NEW = 1
_CUTS = 2
"""Connections that may end before the answer to these subscriptions."""


def subscribe(client: BufferedClient, version: ProtocolVersion, topic: str) -> int | None:
    """Asks for one topic at QoS 1; the packet id of the question, None where it was not sent.

    Raises ValueError for what is no topic filter.
    """
    if version == "5":
        options = SubscribeOptions(qos=1, retainHandling=_SEND_RETAINED_IF_NEW)
        rc, packet_id = client.subscribe(topic, options=options)
    else:
        rc, packet_id = client.subscribe(topic, qos=1)
    return packet_id if rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None


class ExtraTopics:
    """Subscribes once in each connection, after the readings. On the session's thread only.

    Topics that `filters` cover are left out: they would arrive twice. Some brokers end the
    connection of who asks for what it must not have; after two such ends nothing is asked.
    """

    def __init__(self, topics: Sequence[str], filters: Sequence[str]) -> None:
        self._topics = tuple(
            topic
            for topic in topics
            if not any(mqtt.topic_matches_sub(each, topic) for each in filters)
        )
        self._asked: dict[int, str] = {}
        self._done = False
        self._cuts = 0

    def ask(self, client: BufferedClient, version: ProtocolVersion) -> None:
        if self._done or self._cuts >= _CUTS:
            return
        self._done = True
        for topic in self._topics:
            packet_id = subscribe(client, version, topic)
            if packet_id is not None:
                self._asked[packet_id] = topic

    def subscribed(self, packet_id: int, code: int) -> bool:
        """Whether this answers one of the questions."""
        topic = self._asked.pop(packet_id, None)
        if topic is None:
            return False
        self._cuts = 0
        if code >= FIRST_FAILURE_CODE:
            _log.info("The broker denies %s (0x%02x); readings are not touched", topic, code)
        return True

    def closed(self) -> None:
        if self._asked:
            self._cuts += 1
            self._asked.clear()
            if self._cuts == _CUTS:
                _log.warning("The broker ends the connection when asked for %s", self._topics)
        self._done = False
