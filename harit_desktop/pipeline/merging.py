"""Puts the pieces of a reading together that come as several messages, a quantity each.

A piece is held until its reading is whole, for a short time at most, and its message is
acknowledged only after the reading is committed: what is held when the program dies comes
again from the broker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from harit_desktop.domain.channels import Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.extras import EXTRA_CHANNELS, Extras
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import Reading

log = logging.getLogger(__name__)

WINDOW_S = 2.0
"""Between the first piece of a reading and its last one."""

_ORDER = {extra.key: place for place, extra in enumerate(EXTRA_CHANNELS)}

_Lane = tuple[str, bool, bool, bool, bool]
"""Device; whether the pieces are retained, have receipts, are tried again, are known."""

_Name = tuple[str, int, str, bytes]

_Delivery = tuple[int, bool]
"""The connection that pieces came by, and whether as redeliveries."""


class Merged(msgspec.Struct, frozen=True):
    """A reading and the messages it came in, in the order of their arrival."""

    reading: Reading
    messages: tuple[RawMessage, ...]


@dataclass(slots=True)
class _Open:
    """A reading that may get further pieces."""

    first: Reading
    values: list[float | None]
    opened_s: float
    extras: dict[str, float] = field(default_factory=dict)
    messages: list[RawMessage] = field(default_factory=list)

    def takes(self, piece: Reading) -> bool:
        first = self.first
        return (
            abs(piece.timestamp_us - first.timestamp_us) <= WINDOW_S * US_PER_S
            and piece.time_source is first.time_source
            and piece.source is first.source
            and piece.message_id == first.message_id
            and not any(
                new is not None and old is not None
                for new, old in zip(piece.values, self.values, strict=True)
            )
            and not any(key in self.extras for key, _ in piece.extras)
        )

    def add(self, message: RawMessage, piece: Reading) -> None:
        for place, value in enumerate(piece.values):
            if value is not None:
                self.values[place] = value
        self.extras.update(piece.extras)
        self.messages.append(message)

    def merged(self) -> Merged:
        values: Values = tuple(self.values)
        reading = msgspec.structs.replace(
            self.first, values=values, extras=_in_order(self.extras), partial=False
        )
        return Merged(reading, tuple(self.messages))


class Merger:
    """Holds the open readings of all devices. Pipeline thread only.

    Pieces of one device become one reading where their times are within `WINDOW_S` of the
    first; a piece with a quantity that the open reading already has begins the next. What
    has been open for `WINDOW_S` is closed, whole or not.

    Holding never throttles. Where messages come faster than they are dealt with (a full
    batch), where what is held back of the acknowledgements comes near to what the broker
    sends without any (or it falls silent over it), and where the program stops, the pieces are
    merged with what is there and committed at once (`close_all`): a reading may then be in two
    rows, and none is lost.

    A redelivered piece is merged with redelivered ones of the same connection alone, and
    they are closed before anything new of that connection is stored: until then the store
    knows which deliveries it has (see `storage.timeless`). Those that it has (`is_delivered`)
    and those that it lacks are never in one reading, so that no piece is stored twice.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.clock_s = clock_s
        self._open: dict[_Lane, _Open] = {}
        self._delivery: _Delivery | None = None
        self._pieces = 0
        self._closed: set[_Name] = set()
        self.total = 0
        """Pieces taken ever: a change says that messages may not be dealt with in their order."""
        self.is_delivered: Callable[[RawMessage], bool] = lambda _: False

    def __len__(self) -> int:
        """How many messages are held."""
        return self._pieces

    def committed(self) -> None:
        """What was closed until now is in the store, which can be asked for it."""
        self._closed.clear()

    def wait_s(self, most_s: float) -> float:
        """How long to wait for messages until something is due; at most `most_s`."""
        if not self._open:
            return most_s
        opened_s = min(one.opened_s for one in self._open.values())
        return min(most_s, max(0.0, opened_s + WINDOW_S - self.clock_s()))

    def before(self, message: RawMessage) -> list[Merged]:
        """To be called before any message is dealt with while something is held: what has to
        be stored before it."""
        receipt = message.receipt
        if receipt is None:
            return []
        delivery = receipt.epoch, message.duplicate_flag
        if self._delivery in (None, delivery):
            return []
        return self._close([lane for lane in self._open if lane[2]])

    def add(self, message: RawMessage, piece: Reading) -> list[Merged]:
        """Takes a piece; returns the readings that it closed."""
        closed = self.before(message)
        receipt = message.receipt
        again = message.rejected is not None
        known = message.duplicate_flag and self._is_known(message)
        lane = piece.publisher_id, message.retained, receipt is not None, again, known
        held = self._open.get(lane)
        if held is not None and not held.takes(piece):
            closed += self._close([lane])
            held = None
        if held is None:
            held = _Open(piece, [None] * len(piece.values), self.clock_s())
            self._open[lane] = held
        held.add(message, piece)
        self._pieces += 1
        self.total += 1
        if receipt is not None:
            self._delivery = receipt.epoch, message.duplicate_flag
        return closed

    def close_due(self) -> list[Merged]:
        """What has waited for its time."""
        if not self._open:
            return []
        due_s = self.clock_s() - WINDOW_S
        return self._close([lane for lane, one in self._open.items() if one.opened_s <= due_s])

    def close_all(self) -> list[Merged]:
        """Everything that is held."""
        return self._close(list(self._open))

    def _is_known(self, message: RawMessage) -> bool:
        if _name(message) in self._closed:
            return True
        try:
            return self.is_delivered(message)
        except KnownError as error:
            # Stored twice at worst, and the store will say what is wrong.
            log.warning("the store could not be asked for a delivery: %s", error)
            return False

    def _close(self, lanes: Iterable[_Lane]) -> list[Merged]:
        closed = [self._open.pop(lane).merged() for lane in lanes]
        self._closed |= {_name(each) for one in closed for each in one.messages}
        self._pieces -= sum(len(one.messages) for one in closed)
        if not any(lane[2] for lane in self._open):
            self._delivery = None
        return closed


def _name(message: RawMessage) -> _Name:
    receipt = message.receipt
    session, packet_id = ("", 0) if receipt is None else (receipt.session, receipt.packet_id)
    return session, packet_id, message.topic, message.payload


def _in_order(found: dict[str, float]) -> Extras:
    return tuple(sorted(found.items(), key=lambda pair: _ORDER.get(pair[0], len(_ORDER))))
