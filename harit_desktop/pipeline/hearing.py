"""What publishers say of themselves in a batch, and how many messages each device sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.device import PublisherWord
from harit_desktop.domain.message import HeardKind, MessageRecord, Outcome
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
        words.append(
            _word(
                publisher_id, message.topic, message.payload, message.received_us, message.retained
            )
        )
    return [word for word in words if word is not None]


def stored_word(record: MessageRecord, payload: bytes) -> PublisherWord | None:
    """What a line of the message log says as a status; None where it is none."""
    if record.outcome is not Outcome.HEARD:
        return None
    word = record.publisher_id, record.topic, payload, record.received_us, record.retained
    return _word(*word)


def messages_by_device(records: Sequence[MessageRecord]) -> Mapping[str, int]:
    """How many messages of a batch came from each device; one with several readings is one for
    each of its devices, and one that names no device is left out."""
    counted = Counter([record.publisher_id for record in records])
    counted.pop("", None)
    return counted


def _word(
    publisher_id: str, topic: str, payload: bytes, received_us: int, retained: bool
) -> PublisherWord | None:
    online = says_online(payload) if publisher_id else None
    if online is None:
        return None
    root = _root(topic, publisher_id)
    return PublisherWord(publisher_id, online, received_us, retained, root)


def _root(topic: str, publisher_id: str) -> str:
    """The topic down to the levels that name the publisher: what lies below is its own. "" where
    the topic does not name it, and where every publisher speaks."""
    if topic in HEARD_TOPICS:
        return ""
    at = f"/{topic}/".find(f"/{publisher_id}/")
    return "" if at < 0 else topic[: at + len(publisher_id)]
