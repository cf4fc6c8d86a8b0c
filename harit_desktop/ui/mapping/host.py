"""What the mapping dialog needs from the program around it."""

from __future__ import annotations

from typing import Protocol, TypeVar

from harit_desktop.domain.errors import Problem
from harit_desktop.domain.mapping import Saved, SavedTemplate, UnmappedMessage
from harit_desktop.wire.templates import Template

T_co = TypeVar("T_co", covariant=True)


class Answer(Protocol[T_co]):
    """An answer that comes later; a `runtime.queries.QueryHandle` is one."""

    @property
    def done(self) -> bool: ...
    @property
    def value(self) -> T_co | None: ...
    @property
    def problem(self) -> Problem | None: ...


class MappingHost(Protocol):
    """Every call returns at once; the work is done off the main thread.

    `save` replaces the file of the same name, and `replaced`, the file that was read before it
    was changed; `runtime.mapping.Mappings` is such a host.
    """

    def unmapped(self) -> Answer[tuple[UnmappedMessage, ...]]: ...
    def templates(self) -> Answer[tuple[SavedTemplate, ...]]: ...
    def read(self, file: str) -> Answer[Template]: ...
    def save(self, template: Template, *, redrive: bool, replaced: str = "") -> Answer[Saved]: ...
    def remove(self, file: str) -> Answer[None]: ...
