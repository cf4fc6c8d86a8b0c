"""Templates for messages that no format knows: kept as files, used at once, tried again.

Everything here is a job for the file pool; no call waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harit_desktop.domain.mapping import NOT_MAPPED, Saved, SavedTemplate, UnmappedMessage
from harit_desktop.domain.message import RawMessage
from harit_desktop.pipeline.answers import Answers
from harit_desktop.pipeline.redriving import Redriven, Redriving, RejectedSource
from harit_desktop.runtime.judging import Judging
from harit_desktop.runtime.queries import QueryHandle, QueryPool
from harit_desktop.settings import template_files

if TYPE_CHECKING:
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
        self._redriving = Redriving(
            rejected, lambda message: judging.stages.understands(message), deliver, answers
        )

    @property
    def timezone(self) -> str:
        """The zone of times without offset: "system" or an IANA name."""
        return self._judging.timezone

    def unmapped(self) -> QueryHandle[tuple[UnmappedMessage, ...]]:
        """The newest waiting message of each topic, the newest first."""
        return self._files.submit("unmapped", lambda _: self._newest_by_topic())

    def templates(self) -> QueryHandle[tuple[SavedTemplate, ...]]:
        """Every template file, sound or not, in the order of the names."""
        return self._files.submit("templates", lambda _: self._saved())

    def save(self, template: Template, redrive: bool) -> QueryHandle[Saved]:
        """Writes the file, reads by it from the next message on, and with `redrive` tries what
        waits once more. The handle's problem is KnownError(template.not_saved)."""

        def job(handle: QueryHandle[Saved]) -> Saved:
            from harit_desktop.wire.templates import template_text

            slug = template_files.slug_of(template.name)
            path = template_files.write(self._folder, slug, template_text(template))
            self._judging.read_anew()
            if not redrive:
                return Saved(path.name)
            again = self._redriving.run(_CODES, cancelled=lambda: handle.token.cancelled)
            return Saved(path.name, again.stored, again.still_rejected + again.unanswered)

        return self._files.submit("template", job)

    def remove(self, file: str) -> QueryHandle[None]:
        """Removes a file; messages are read without it from now on."""

        def job(_: QueryHandle[None]) -> None:
            template_files.remove(self._folder, file)
            self._judging.read_anew()

        return self._files.submit("template", job)

    def redrive(self, codes: tuple[str, ...]) -> QueryHandle[Redriven]:
        """Tries all messages once more that were rejected for one of `codes`."""
        return self._files.submit(
            "redrive",
            lambda handle: self._redriving.run(codes, cancelled=lambda: handle.token.cancelled),
        )

    def _newest_by_topic(self) -> tuple[UnmappedMessage, ...]:
        newest: dict[str, UnmappedMessage] = {}
        for _, message in self._rejected.redrivable(_CODES, MOST_UNMAPPED):
            before = newest.pop(message.topic, None)
            found = UnmappedMessage(message.topic, message.payload, message.received_us)
            newest[message.topic] = (
                found if before is None else replace(found, count=before.count + 1)
            )
        return tuple(reversed(newest.values()))

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
