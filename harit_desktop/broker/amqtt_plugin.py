"""What amqtt asks us about: who may connect, and what is kept for whom."""

from __future__ import annotations

import asyncio

from amqtt.broker import BrokerContext, RetainedApplicationMessage
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import ApplicationMessage, Session

from harit_desktop.broker.amqtt_limits import (
    MAX_RETAINED_TOPICS,
    SESSION_QUEUE_BYTES,
    SESSION_QUEUE_MESSAGES,
)


class BoundedQueue(asyncio.Queue[ApplicationMessage]):
    """A queue that drops its oldest messages instead of growing or blocking."""

    def __init__(
        self, max_messages: int = SESSION_QUEUE_MESSAGES, max_bytes: int = SESSION_QUEUE_BYTES
    ) -> None:
        super().__init__()
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._bytes = 0

    def _put(self, item: ApplicationMessage) -> None:
        super()._put(item)
        self._bytes += len(item.data)
        while self.qsize() > self._max_messages or self._bytes > self._max_bytes:
            self._get()

    def _get(self) -> ApplicationMessage:
        item = super()._get()
        self._bytes -= len(item.data)
        return item


class OpenAccess(BaseAuthPlugin):  # type: ignore[misc]  # amqtt ships no types
    """Lets every client in: who may not is stopped at the door.

    amqtt's own anonymous plug-in would do that as well, but marks the session as
    anonymous, and for such a session amqtt keeps no message while its client is away.
    """

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)
        self._retained = context.retained_messages

    async def authenticate(self, *, session: Session) -> bool:
        if not isinstance(session.retained_messages, BoundedQueue):
            session.retained_messages = BoundedQueue()
        return True

    async def on_broker_retained_message(
        self, *, client_id: str | None, retained_message: RetainedApplicationMessage
    ) -> None:
        while len(self._retained) > MAX_RETAINED_TOPICS:
            self._retained.pop(next(iter(self._retained)))
