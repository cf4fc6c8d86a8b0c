"""The inbox: messages between the network thread and the pipeline thread.

For QoS 1 its bound is the broker's own window of unacknowledged messages: nothing is
acknowledged before its commit, so the broker stops sending. QoS 0 has no such brake
and is dropped, counted, when the inbox is full.
"""

from __future__ import annotations

import threading
from collections import deque

from harit_desktop.domain.message import RawMessage

LIMIT = 20_000
BYTE_LIMIT = 64 * 1024 * 1024


class Inbox:
    """Many writers, one reader. `put` never blocks and never raises."""

    def __init__(self, limit: int = LIMIT, byte_limit: int = BYTE_LIMIT) -> None:
        self._limit = limit
        self._byte_limit = byte_limit
        # Each is written by one side only: the writers' under the lock, the reader's alone.
        self._bytes_in = 0
        self._bytes_out = 0
        self._writing = threading.Lock()
        self._messages: deque[RawMessage] = deque()
        self._arrived = threading.Event()
        self._received = 0
        self._dropped = 0
        self._overflowed = False
        self._closed = False

    def close(self) -> None:
        """Takes nothing more: what arrives now stays unacknowledged with its broker."""
        self._closed = True
        self._arrived.set()

    def put(self, message: RawMessage) -> bool:
        """Queues a message; False when it had to be left out.

        A QoS 1 message that is left out stays unacknowledged, and the broker sends it
        again after the next connect: see `take_overflow`.
        """
        with self._writing:
            if self._closed:
                return False
            if self._is_full():
                self._dropped += 1
                if message.receipt is not None:
                    self._overflowed = True
                return False
            self._received += 1
            self._bytes_in += len(message.payload)
            self._messages.append(message)
        # Looked at first, because setting takes a lock and the reader often lags behind. The
        # reader clears before it takes, so a flag that still stands covers this message too.
        if not self._arrived.is_set():
            self._arrived.set()
        return True

    def _is_full(self) -> bool:
        waiting_bytes = self._bytes_in - self._bytes_out
        return len(self._messages) >= self._limit or waiting_bytes >= self._byte_limit

    def take(self, limit: int, timeout_s: float) -> list[RawMessage]:
        """At most `limit` messages, oldest first; waits up to `timeout_s` for the first."""
        if not self._messages:
            self._arrived.wait(timeout_s)
        self._arrived.clear()
        taken: list[RawMessage] = []
        while self._messages and len(taken) < limit:
            taken.append(self._messages.popleft())
        self._bytes_out += sum(len(message.payload) for message in taken)
        return taken

    def wake(self) -> None:
        """Ends a wait in `take` early."""
        self._arrived.set()

    def take_overflow(self) -> bool:
        """Whether a QoS 1 message was left out since the last call and there is room again."""
        if self._overflowed and not self._is_full() and len(self) < self._limit // 2:
            self._overflowed = False
            return True
        return False

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def received(self) -> int:
        return self._received

    @property
    def dropped(self) -> int:
        """Messages left out because the inbox was full."""
        return self._dropped
