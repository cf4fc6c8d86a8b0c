"""Which messages of the present connection wait for their acknowledgement, and in which order."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Sequence

from paho.mqtt import client as mqtt

from harit_desktop.domain.message import USUAL_WINDOW, Receipt
from harit_desktop.transport.mqtt_connection import MqttConnection

_EPOCHS = itertools.count(1)
"""Never the same for two connections of this process, whatever session they belong to: a
late acknowledgement for an earlier session must not fit a message of a later one."""


class Acknowledgements:
    """Makes receipts and passes acknowledgements on, for one session at a time one connection.

    A packet id means something only within its connection: after a broker restart the same
    id may name a message that is not stored yet. So receipts carry an epoch, and those of an
    earlier one are dropped. `give` may be called from any thread, the rest belongs to the
    session's thread.
    """

    def __init__(self, session: str) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._connection: MqttConnection | None = None
        self._epoch = 0
        self._resumed = False
        self._window = USUAL_WINDOW
        self._acknowledged = 0
        self._own: deque[tuple[int, int]] = deque()
        self.delivered = 0
        """Messages of this connection that were given a receipt."""

    @property
    def waiting(self) -> int:
        """Messages of the present connection that wait for their acknowledgement."""
        return max(0, self.delivered - self._acknowledged)

    def begin(
        self,
        connection: MqttConnection | None,
        *,
        resumed: bool = False,
        window: int = USUAL_WINDOW,
    ) -> None:
        """Another connection (or none) from now on; `resumed`: the broker kept the session.
        `window` is how many messages it sends without acknowledgements."""
        with self._lock:
            self._window = window
            self._connection = connection
            self._epoch = next(_EPOCHS)
            self._resumed = resumed
            self.delivered = self._acknowledged = 0
            self._own.clear()

    def receipt_of(self, message: mqtt.MQTTMessage) -> Receipt | None:
        """Names a message for its acknowledgement; None for QoS 0."""
        if message.qos == 0:
            return None
        self.delivered += 1
        return Receipt(
            self._epoch, message.mid, message.qos, self._session, self._resumed, self._window
        )

    def give(self, receipts: Sequence[Receipt]) -> None:
        """Acknowledges in the order given; receipts of an earlier connection are dropped."""
        with self._lock:
            if self._connection is None:
                return
            packet_ids = [each.packet_id for each in receipts if each.epoch == self._epoch]
            before, self._acknowledged = self._acknowledged, self._acknowledged + len(packet_ids)
            if self._own:
                packet_ids = self._with_own(packet_ids, before)
            self._connection.acknowledge(packet_ids)

    def give_own(self, message: mqtt.MQTTMessage) -> None:
        """Acknowledges a message that is for this program itself and never had a receipt.

        MQTT wants acknowledgements in the order of arrival, so it waits for the receipts
        made before it.
        """
        if message.qos == 0:
            return
        with self._lock:
            if self._connection is None:
                return
            if self._own or self._acknowledged < self.delivered:
                self._own.append((self.delivered, message.mid))
            else:
                self._connection.acknowledge([message.mid])

    def _with_own(self, packet_ids: list[int], acknowledged: int) -> list[int]:
        """Puts the own messages that waited into their places among `packet_ids`."""
        merged: list[int] = []
        for packet_id in packet_ids:
            merged += self._own_up_to(acknowledged)
            merged.append(packet_id)
            acknowledged += 1
        return merged + self._own_up_to(acknowledged)

    def _own_up_to(self, acknowledged: int) -> list[int]:
        ready: list[int] = []
        while self._own and self._own[0][0] <= acknowledged:
            ready.append(self._own.popleft()[1])
        return ready
