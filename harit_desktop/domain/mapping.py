"""Messages that no format knows yet, and the templates that people made for them."""

from __future__ import annotations

import msgspec

from harit_desktop.domain.errors import Problem

NOT_MAPPED = "not_mapped"
"""The reason code of valid messages in which nothing is known."""
NO_MEASUREMENT, UNDECODED, ALL_NULL = "no_measurement", "undecoded_uplink", "all_null"
"""Why such a message is not known, where more can be said of it."""
DECODED_ELSEWHERE = {
    "things_stack": "uplink_message.decoded_payload.",
    "chirpstack": "object.",
}
"""Families whose messages hold an object of the user's own making, and the path to it: a
template can say what is in it, though the family knows no measurement there."""


def is_waiting(problem: Problem | None) -> bool:
    """Whether a message was not taken because nobody has said yet what it means: it is sound,
    and a template, or a codec in the network server, makes its kind understood."""
    if problem is None or problem.code != NOT_MAPPED:
        return False
    return problem.params.get("why") != ALL_NULL and not tells_nothing(problem)


def tells_nothing(problem: Problem | None) -> bool:
    """Whether a message is of a family that is known, and without a measurement: nothing is
    wrong, and there is nothing to map."""
    if problem is None or problem.code != NOT_MAPPED:
        return False
    is_empty = problem.params.get("why") == NO_MEASUREMENT
    return is_empty and problem.params.get("family") not in DECODED_ELSEWHERE


class UnmappedMessage(msgspec.Struct, frozen=True):
    """The newest message of a topic that no format knows. `count` is how many of this topic
    wait to be decoded. `undecoded` tells that the network server passed it on as bytes: no
    template can help, a codec there does."""

    topic: str
    payload: bytes
    received_us: int
    count: int = 1
    undecoded: bool = False


class SavedTemplate(msgspec.Struct, frozen=True):
    """A template file. `problem` says why it is not in use, None where it is."""

    file: str
    name: str
    problem: Problem | None = None


class Saved(msgspec.Struct, frozen=True):
    """What became of a template: its file, and how many waiting messages became readings and
    how many still wait. Both 0 where nothing was decoded again."""

    file: str
    decoded: int = 0
    still_waiting: int = 0
