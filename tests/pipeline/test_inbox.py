from __future__ import annotations

import threading

from harit_desktop.domain.message import RawMessage, Receipt
from harit_desktop.pipeline.inbox import Inbox


def message(number: int, qos: int = 1) -> RawMessage:
    receipt = Receipt(1, number, qos) if qos else None
    return RawMessage("t", str(number).encode(), 0, receipt, qos=qos)


def test_messages_come_out_in_the_order_they_went_in() -> None:
    inbox = Inbox()
    for number in range(10):
        inbox.put(message(number))
    first, rest = inbox.take(4, 0), inbox.take(100, 0)
    assert [m.payload for m in first + rest] == [str(n).encode() for n in range(10)]


def test_a_message_that_arrives_during_the_wait_ends_it() -> None:
    inbox = Inbox()
    threading.Timer(0.05, inbox.put, [message(1)]).start()
    assert len(inbox.take(10, 30)) == 1


def test_a_full_inbox_counts_what_it_leaves_out_and_asks_for_a_new_connection_later() -> None:
    inbox = Inbox(limit=4)
    assert all(inbox.put(message(n)) for n in range(4))
    assert not inbox.put(message(4, qos=0))
    assert not inbox.take_overflow()
    assert not inbox.put(message(5))
    assert inbox.dropped == 2
    assert not inbox.take_overflow(), "only once there is room again"
    inbox.take(3, 0)
    assert inbox.take_overflow()
    assert not inbox.take_overflow()


def test_a_closed_inbox_takes_nothing_and_keeps_what_it_has() -> None:
    inbox = Inbox()
    inbox.put(message(1))
    inbox.close()
    assert not inbox.put(message(2))
    assert len(inbox.take(10, 0)) == 1
    assert inbox.received == 1


def test_the_inbox_is_bounded_by_bytes_too() -> None:
    inbox = Inbox(byte_limit=1000)
    big = RawMessage("t", bytes(600), 0, Receipt(1, 1, 1), qos=1)
    assert inbox.put(big)
    assert inbox.put(big)
    assert not inbox.put(message(3))
    inbox.take(1, 0)
    assert inbox.put(message(3))
    assert inbox.take_overflow()
