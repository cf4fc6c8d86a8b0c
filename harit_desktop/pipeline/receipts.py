"""The order of acknowledgements: MQTT wants them in the order of arrival.

Where a message is held for others, what arrived after it is committed at once, and its
acknowledgement waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from harit_desktop.domain.message import RawMessage, Receipt

QUIET_S = 0.25
"""So long a broker that has more to send is not silent, unless it waits for us."""
_FEW = 10
"""As many every broker sends without acknowledgements."""

_Name = tuple[int, int]


class ReceiptOrder:
    """Receipts that may not be acknowledged yet, of one connection. Pipeline thread only.

    Bounded by what a broker sends without acknowledgements.
    """

    def __init__(self) -> None:
        self._waiting: deque[Receipt] = deque()
        self._committed: set[_Name] = set()
        self._epoch = 0
        self._arrived_s = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    def is_long(self, now_s: float) -> bool:
        """Whether the broker may soon have nothing more that it is allowed to send, or sends
        nothing: some allow themselves less than we allow them."""
        waiting = self._waiting
        if len(waiting) < _FEW:
            return False
        return len(waiting) * 4 >= waiting[0].window * 3 or now_s - self._arrived_s >= QUIET_S

    def wait_s(self, most_s: float) -> float:
        """How long to wait for messages until `is_long` has to be asked again."""
        return most_s if len(self._waiting) < _FEW else min(most_s, QUIET_S)

    def arrived(self, messages: Sequence[RawMessage], now_s: float) -> None:
        """Notes messages in the order of their arrival."""
        if messages:
            self._arrived_s = now_s
        for message in messages:
            receipt = message.receipt
            if receipt is None:
                continue
            if receipt.epoch != self._epoch:
                # Those of an earlier connection name nothing any more.
                self._epoch = receipt.epoch
                self._waiting.clear()
                self._committed.clear()
            self._waiting.append(receipt)

    def committed(self, receipts: Iterable[Receipt]) -> list[Receipt]:
        """Notes what is committed; returns what may be acknowledged now, in its order."""
        self._committed.update((r.epoch, r.packet_id) for r in receipts if r.epoch == self._epoch)
        ready = []
        while self._waiting and _name(self._waiting[0]) in self._committed:
            ready.append(self._waiting.popleft())
        if not self._waiting:
            self._committed.clear()
        else:
            self._committed.difference_update(map(_name, ready))
        return ready


def _name(receipt: Receipt) -> _Name:
    return receipt.epoch, receipt.packet_id
