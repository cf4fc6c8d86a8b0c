"""The filter line of the Messages page: free text and `topic:` `device:` `result:` words."""

import re
from collections.abc import Callable

from harit_desktop.domain.message import MessageRecord
from harit_desktop.ui.messages.heard import heard_kind
from harit_desktop.ui.messages.rejection_texts import rejection_text

_WORD = re.compile(r'(?:(topic|device|result):)?("[^"]*"?|\S+)', re.IGNORECASE)

Predicate = Callable[[MessageRecord], bool]


def parse_filter(text: str) -> Predicate | None:
    """A test for a line of the message log; None where the filter is empty.

    Words are joined by "and" and compared without case as parts of a text. `result:` takes
    an outcome (stored, duplicate, rejected, shown, heard, merged, skipped), a part of a reason
    code (not_mapped), or what another program sent (analysis, status).
    """
    tests = [_test(field.lower(), word.strip('"').lower()) for field, word in _WORD.findall(text)]
    if not tests:
        return None
    return lambda record: all(test(record) for test in tests)


def _test(field: str, word: str) -> Predicate:
    if field == "topic":
        return lambda record: word in record.topic.lower()
    if field == "device":
        return lambda record: word in record.publisher_id.lower()
    if field == "result":
        return lambda record: any(
            word in text for text in (record.outcome.value, _code(record), _heard(record))
        )
    return lambda record: word in _text(record)


def _code(record: MessageRecord) -> str:
    return record.problem.code if record.problem else ""


def _heard(record: MessageRecord) -> str:
    kind = heard_kind(record)
    return kind.value if kind is not None else ""


def with_word(text: str, word: str, wanted: bool) -> str:
    """The filter line with or without one of its words."""
    kept = " ".join(part for part in text.split() if part.lower() != word)
    return f"{kept} {word}".strip() if wanted else kept


def has_word(text: str, word: str) -> bool:
    """Whether the filter line has this word."""
    return word in text.lower().split()


def _text(record: MessageRecord) -> str:
    reason = rejection_text(record.problem).lower() if record.problem else ""
    parts = (record.topic, record.publisher_id, record.origin.value, record.outcome.value)
    return "\n".join((*parts, _code(record), reason)).lower()
