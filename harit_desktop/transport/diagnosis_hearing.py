"""What came in on a check's connection: the first message, our own one, the topics heard."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from harit_desktop.domain.diagnosis import Facts
from harit_desktop.transport.canary import PROBE_PREFIX

MOST_TOPICS = 50
"""More are counted, not listed."""

_TOPIC_CHARS = 80


class Hearing:
    """Fed with every message; used on the check's thread."""

    def __init__(self) -> None:
        self.own_topic = f"{PROBE_PREFIX}doctor-{secrets.token_hex(8)}"
        self.own_payload = secrets.token_hex(16).encode()
        self.own_came = False
        self.proven_topic = ""
        """A topic that the broker lets us have, if only what it had kept from earlier."""
        self.first: Any = None
        self._listens = False
        self._heard: dict[str, int] = {}
        self._others = 0

    def take(self, message: Any) -> None:
        """A message came. What the broker kept from earlier tells nothing of the sensors now,
        only that it lets us have it."""
        topic = str(message.topic)
        if topic.startswith(PROBE_PREFIX):
            self.own_came |= topic == self.own_topic and message.payload == self.own_payload
        elif self._listens:
            if not message.retain:
                self._count(topic[:_TOPIC_CHARS])
        else:
            self.proven_topic = self.proven_topic or topic
            if self.first is None and not message.retain:
                self.first = message

    def listen(self) -> None:
        """From now on topics are counted; what they say is not looked at."""
        self._listens = True

    def facts(self) -> Facts:
        """The topics, most talkative first, one a line behind its count of messages."""
        order: Sequence[tuple[str, int]] = sorted(
            self._heard.items(), key=lambda item: (-item[1], item[0])
        )
        lines = [f"{count} {' '.join(topic.splitlines())}" for topic, count in order]
        return {
            "count": len(order),
            "messages": sum(self._heard.values()) + self._others,
            "others": self._others,
            "topics": "\n".join(lines),
        }

    def _count(self, topic: str) -> None:
        if topic in self._heard or len(self._heard) < MOST_TOPICS:
            self._heard[topic] = self._heard.get(topic, 0) + 1
        else:
            self._others += 1
