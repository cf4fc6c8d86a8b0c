"""Messages that no format knows yet, and the templates that people made for them."""

from __future__ import annotations

import msgspec

from harit_desktop.domain.errors import Problem

NOT_MAPPED = "not_mapped"
"""The reason code of valid messages in which nothing is known."""


class UnmappedMessage(msgspec.Struct, frozen=True):
    """The newest message of a topic that no format knows. `count` is how many of this topic
    wait to be decoded."""

    topic: str
    payload: bytes
    received_us: int
    count: int = 1


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
