"""Templates for messages that no format knows: kept as files, used at once, tried again.

Everything here is a job for the file pool; no call waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.mapping import (
    DECODED_ELSEWHERE,
    NO_MEASUREMENT,
    NOT_MAPPED,
    UNDECODED,
    Saved,
    SavedTemplate,
    UnmappedMessage,
    is_waiting,
)
from harit_desktop.domain.message import RawMessage, Rejection
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.redriving import Redriven, Redriving, RejectedSource
from harit_desktop.runtime.judging import Judging
from harit_desktop.runtime.queries import QueryHandle, QueryPool
from harit_desktop.settings import template_files

if TYPE_CHECKING:
    from harit_desktop.wire.registry import MessageDecoder
    from harit_desktop.wire.templates import Template

log = logging.getLogger(__name__)

MOST_UNMAPPED = 5000
"""Waiting messages that are looked through for the list of topics."""
_CODES = (NOT_MAPPED,)


class Mappings:
    """The templates of one data folder, and the messages that wait for one."""

    def __init__(
        self,
        folder: Path,
        files: QueryPool,
        judging: Judging,
        rejected: RejectedSource,
        deliver: Callable[[RawMessage], bool],
        answers: Answers,
    ) -> None:
        self._folder = folder
        self._files = files
        self._judging = judging
        self._rejected = rejected
        self._decoder: MessageDecoder | None = None
        self._refusals: dict[int, Problem | None] = {}
        self._redriving = Redriving(
            rejected, lambda message: judging.stages.understands(message), deliver, answers
        )

    @property
    def timezone(self) -> str:
        """The zone of times without offset: "system" or an IANA name."""
        return self._judging.timezone

    def unmapped(self) -> QueryHandle[tuple[UnmappedMessage, ...]]:
        """The newest waiting message of each topic, the newest first. Without what is of a known
        family and tells of no measurement: there is nothing to map in it."""
        return self._files.submit("unmapped", lambda _: self._newest_by_topic())

    def templates(self) -> QueryHandle[tuple[SavedTemplate, ...]]:
        """Every template file, sound or not, in the order of the names."""
        return self._files.submit("templates", lambda _: self._saved())

    def read(self, file: str) -> QueryHandle[Template]:
        """One template, to be changed. The handle's problem is KnownError(template.invalid or
        template.unreadable)."""
        return self._files.submit("template", lambda _: self._read(file))

    def save(self, template: Template, redrive: bool, replaced: str = "") -> QueryHandle[Saved]:
        """Writes the file, reads by it from the next message on, and with `redrive` tries what
        waits once more. `replaced` is the file that the template was read from, which goes
        where it gets another name. The handle's problem is KnownError(template.not_saved)."""

        def job(handle: QueryHandle[Saved]) -> Saved:
            from harit_desktop.wire.templates import template_text

            slug = template_files.slug_of(template.name)
            path = template_files.write(self._folder, slug, template_text(template))
            if replaced and replaced != path.name:
                template_files.remove(self._folder, replaced)
            self._read_anew()
            if not redrive:
                return Saved(path.name)
            again = self._redriving.run(_CODES, cancelled=lambda: handle.token.cancelled)
            return Saved(path.name, again.stored, again.still_rejected + again.unanswered)

        return self._files.submit("template", job)

    def remove(self, file: str) -> QueryHandle[None]:
        """Removes a file; messages are read without it from now on."""

        def job(_: QueryHandle[None]) -> None:
            template_files.remove(self._folder, file)
            self._read_anew()

        return self._files.submit("template", job)

    def redrive(self, codes: tuple[str, ...]) -> QueryHandle[Redriven]:
        """Tries all messages once more that were rejected for one of `codes`."""
        return self._files.submit(
            "redrive",
            lambda handle: self._redriving.run(codes, cancelled=lambda: handle.token.cancelled),
        )

    def _read_anew(self) -> None:
        self._decoder = None
        self._judging.read_anew()

    def _read(self, file: str) -> Template:
        from harit_desktop.wire.templates import load_template

        texts = template_files.read_all(self._folder)
        for name, text in texts.files:
            if name == file:
                return load_template(text, name)
        known = (one for one in texts.problems if one.params.get("file") == file)
        reason = next((str(one.params.get("reason", "")) for one in known), "it is gone")
        raise KnownError("template.unreadable", file=file, reason=reason)

    def _newest_by_topic(self) -> tuple[UnmappedMessage, ...]:
        newest: dict[str, UnmappedMessage] = {}
        before_refusals, self._refusals = self._refusals, {}
        if self._decoder is None:
            self._decoder, before_refusals = self._make_decoder(), {}
        for row, message in self._rejected.redrivable(_CODES, MOST_UNMAPPED):
            if row in before_refusals:
                refusal = before_refusals[row]
            else:
                refusal = _refusal(self._decoder, message)
            self._refusals[row] = refusal
            if refusal is not None and not is_waiting(refusal):
                continue
            before = newest.pop(message.topic, None)
            undecoded = refusal is not None and refusal.params.get("why") == UNDECODED
            found = UnmappedMessage(
                message.topic, message.payload, message.received_us, undecoded=undecoded
            )
            newest[message.topic] = (
                found if before is None else replace(found, count=before.count + 1)
            )
        return tuple(reversed(newest.values()))

    def _make_decoder(self) -> MessageDecoder:
        from harit_desktop.wire.registry import MessageDecoder
        from harit_desktop.wire.templates import load_templates

        sound, _ = load_templates(template_files.read_all(self._folder).files)
        return MessageDecoder(self.timezone, tuple(sound.values()))

    def _saved(self) -> tuple[SavedTemplate, ...]:
        from harit_desktop.wire.templates import load_templates

        texts = template_files.read_all(self._folder)
        sound, problems = load_templates(texts.files)
        by_file = {str(one.params.get("file")): one for one in (*texts.problems, *problems)}
        names = sorted({name for name, _ in texts.files} | set(by_file))
        return tuple(
            SavedTemplate(name, sound[name].name if name in sound else name, by_file.get(name))
            for name in names
        )


def _refusal(decoder: MessageDecoder, message: RawMessage) -> Problem | None:
    """Why a message is not understood now; None where it is, and only waits to be tried."""
    found = decoder.decode(message)
    if not isinstance(found, Rejection):
        return None
    params = found.problem.params
    way = DECODED_ELSEWHERE.get(str(params.get("family")))
    if way is None or params.get("why") != NO_MEASUREMENT or _has_number(message, way):
        return found.problem
    return Problem(NOT_MAPPED, {"why": NO_MEASUREMENT})


def _has_number(message: RawMessage, way: str) -> bool:
    """Whether an uplink that its network server decoded holds anything that can be mapped."""
    from harit_desktop.wire.proposals import propose

    rows = propose(message.topic, message.payload).rows
    return any(row.number is not None and row.path.startswith(way) for row in rows)
