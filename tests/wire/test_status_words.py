"""Birth messages and last wills of the families that a farm meets."""

from __future__ import annotations

import pytest

from harit_desktop.wire.status_words import says_online


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"Online", True),
        (b"Offline", False),
        (b'"offline"', False),
        (b'{"state": "offline"}', False),
        (b'{"status": "connected", "publisher_id": "soil-01"}', True),
        (b'{"status": "offline", "message": "Publisher stopped"}', False),
        (b"0", False),
        (b"2", True),
        (b'{"status": "charging"}', None),
        (b"rebooting", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b'{"state": "offline"', None),
        (b"[" * 5000, None),
    ],
)
def test_it_says_whether_the_publisher_is_there(payload: bytes, said: bool | None) -> None:
    assert says_online(payload) is said
