"""The broker's own count of messages that it dropped for its clients."""

from __future__ import annotations

from paho.mqtt.subscribeoptions import SubscribeOptions

from harit_desktop.transport.mqtt_client import BufferedClient, ProtocolVersion
from harit_desktop.transport.session_memory import SessionMemory

DROPPED_TOPIC = "$SYS/broker/publish/messages/dropped"
_SEND_RETAINED = 0
_MAX_DIGITS = 18


class DropCounter:
    """Watches `DROPPED_TOPIC`, which Mosquitto publishes whenever the count has changed.

    It counts for all clients together, so a rise is told only when some of it may be ours:
    over an absence, or when our window of unacknowledged messages was crowded since the
    last look. Otherwise a forgotten client of the same broker would alarm us all day.
    """

    def __init__(self, memory: SessionMemory, key: str) -> None:
        self._memory = memory
        self._key = key
        self._maybe_ours = True

    def opened(self, client: BufferedClient, version: ProtocolVersion) -> None:
        """Subscribes at QoS 0, so that it costs nothing; a denial is of no matter."""
        self._maybe_ours = True
        if version == "5":
            options = SubscribeOptions(qos=0, retainHandling=_SEND_RETAINED)
            client.subscribe(DROPPED_TOPIC, options=options)
        else:
            client.subscribe(DROPPED_TOPIC, qos=0)

    def crowded(self) -> None:
        """Messages for us may have waited at the broker, or found no room there."""
        self._maybe_ours = True

    def seen(self, payload: bytes, now_us: int) -> int:
        """How many messages were dropped since the last look, perhaps some of ours."""
        if not payload.isdigit() or len(payload) > _MAX_DIGITS:
            return 0
        rise = self._memory.dropped(self._key, int(payload), now_us)
        maybe_ours, self._maybe_ours = self._maybe_ours, False
        return rise if maybe_ours else 0
