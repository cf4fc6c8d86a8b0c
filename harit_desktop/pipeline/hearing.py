"""What publishers say of themselves in a batch, and how many messages each device sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.device import PublisherWord
from harit_desktop.domain.message import HeardKind, MessageRecord, RawMessage
from harit_desktop.domain.topics import HEARD_TOPICS
from harit_desktop.wire.status_words import says_online


def words_of(batch: Sequence[CommitItem]) -> list[PublisherWord]:
    """The words of publishers about themselves, the newest of each topic."""
    found = {
        item.message.topic: item
        for item in batch
        if item.heard is not None and item.heard.kind is HeardKind.STATUS
    }
    words = []
    for item in found.values():
        message, publisher_id = item.message, item.heard.publisher_id if item.heard else ""
        online = says_online(message.payload) if publisher_id else None
        if online is not None:
            root = _root(message, publisher_id)
            words.append(
                PublisherWord(publisher_id, online, message.received_us, message.retained, root)
            )
    return words


def messages_by_device(records: Sequence[MessageRecord]) -> Mapping[str, int]:
    """How many messages of a batch came from each device; one with several readings is one for
    each of its devices, and one that names no device is left out."""
    counted = Counter([record.publisher_id for record in records])
    counted.pop("", None)
    return counted


def _root(message: RawMessage, publisher_id: str) -> str:
    """The topic down to the levels that name the publisher: what lies below is its own. "" where
    the topic does not name it, and where every publisher speaks."""
    if message.topic in HEARD_TOPICS:
        return ""
    at = f"/{message.topic}/".find(f"/{publisher_id}/")
    return "" if at < 0 else message.topic[: at + len(publisher_id)]
