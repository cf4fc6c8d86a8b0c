"""The stages before the commit: decode, route, merge, examine, judge, give identity."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping

import msgspec

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.extras import EXTRA_BY_KEY
from harit_desktop.domain.message import Heard, HeardKind, RawMessage, Rejection
from harit_desktop.domain.quality import QualityEvent, Verdict
from harit_desktop.domain.reading import (
    AnalysedReading,
    Reading,
    Readings,
    TimeSource,
    led_by,
    reading_key,
)
from harit_desktop.pipeline.merging import Merged, Merger
from harit_desktop.pipeline.ports import Analyser, Decoder, Quality

log = logging.getLogger(__name__)

RANDOM_BYTES = 24
_NOTHING = Rejection(Problem("not_mapped", {"why": "no_measurement"}))
_UNKNOWN, _MISSING = int(Flag.NOT_EVALUATED), int(Flag.MISSING)

Router = Callable[[RawMessage, Reading], Problem | None]
"""Says why a reading is left out by the user's rules; None for one that is taken."""


class Stages:
    """Turns raw messages into items ready for the commit. Replaced whole when a setting
    changes how messages are read or judged; `quality` stays the same, for it remembers."""

    def __init__(
        self,
        decoder: Decoder,
        quality: Quality,
        analyser: Analyser,
        zones: Mapping[str, str] | None = None,
        utc_offset_s: int = 0,
        router: Router | None = None,
    ) -> None:
        self._decoder = decoder
        self._quality = quality
        self._analyser = analyser
        self._zones = dict(zones or {})
        self._utc_offset_s = utc_offset_s
        self._router = router
        self._begun = False

    def begin(self) -> None:
        """Brings the quality tests in line with these stages; pipeline thread only, as all
        but `understands`."""
        if not self._begun:
            self._begun = True
            self._quality.configure(
                volumetric_most=self._analyser.volumetric_most,
                zones=self._zones,
                utc_offset_s=self._utc_offset_s,
                unless=self._analyser.moisture_calibrated,
            )

    def understands(self, message: RawMessage) -> bool:
        """Whether a message would not be rejected now. From any thread."""
        try:
            return not isinstance(self._decoder.decode(message), Rejection)
        except Exception:
            log.exception("message on %r could not be decoded", message.topic[:200])
            return False

    def prepare(
        self, messages: Iterable[RawMessage], merger: Merger | None = None
    ) -> list[CommitItem]:
        """What the messages are, in their order; pieces of readings go to the merger, which
        closes what has to be stored before. Without one each piece is a reading."""
        self.begin()
        items: list[CommitItem] = []
        for message in messages:
            if merger:
                items += self.finish(merger.before(message))
            try:
                decoded = self._decoder.decode(message)
                if isinstance(decoded, Reading):
                    if decoded.partial and merger is not None:
                        items += self._take_piece(merger, message, decoded)
                    else:
                        items.append(self._judged(message, decoded))
                elif isinstance(decoded, Rejection):
                    items.append(CommitItem(message, rejection=decoded))
                elif isinstance(decoded, Heard):
                    items.append(CommitItem(message, heard=decoded))
                else:
                    items += self._prepare_several(message, decoded)
            except Exception as error:
                log.exception("message on %r could not be processed", message.topic[:200])
                items.append(CommitItem(message, rejection=_failed(error)))
        return items

    def finish(self, closed: Iterable[Merged]) -> list[CommitItem]:
        """The items of readings that were merged: the reading, and one for each piece."""
        items: list[CommitItem] = []
        for merged in closed:
            first, *others = merged.messages
            if _tells_health_only(merged.reading):
                heard = Heard(HeardKind.STATUS, merged.reading.publisher_id)
                items += [CommitItem(each, heard=heard) for each in merged.messages]
                continue
            try:
                item = self._judged(first, merged.reading, pieces=tuple(others))
            except Exception as error:
                log.exception("merged reading on %r could not be processed", first.topic[:200])
                rejection = _failed(error, merged.reading.publisher_id)
                items += [CommitItem(each, rejection=rejection) for each in merged.messages]
                continue
            items.append(item)
            items += [CommitItem(other, merged=True) for other in others]
        return items

    def _take_piece(self, merger: Merger, message: RawMessage, piece: Reading) -> list[CommitItem]:
        skipped = self._skipped(message, piece)
        if skipped is not None:
            return [CommitItem(message, skipped=skipped)]
        return self.finish(merger.add(message, piece))

    def _prepare_several(self, message: RawMessage, readings: Readings) -> list[CommitItem]:
        """One that cannot be judged does not cost the others."""
        items = []
        only = message.rejected.part if message.rejected is not None else 0
        for part, reading in enumerate(readings.items, start=1):
            if only and part != only:
                continue
            try:
                items.append(self._judged(message, reading, part=part))
            except Exception as error:
                log.exception("reading %d on %r could not be processed", part, message.topic[:200])
                rejection = _failed(error, reading.publisher_id)
                items.append(CommitItem(message, rejection=rejection, part=part))
        # Without any item the message would never be acknowledged.
        return items or [CommitItem(message, rejection=_NOTHING)]

    def _judged(
        self,
        message: RawMessage,
        reading: Reading,
        *,
        part: int = 0,
        pieces: tuple[RawMessage, ...] | None = None,
    ) -> CommitItem:
        if self._router is not None and pieces is None:
            skipped = self._skipped(message, reading)
            if skipped is not None:
                return CommitItem(message, skipped=skipped, part=part)
        if reading.partial:
            reading = msgspec.structs.replace(reading, partial=False)
        verdict = examine(self._quality, reading)
        analysis = self._analyser.analyse(reading, verdict)
        key = reading_key(reading) or _new_key(message, reading, part)
        show_only = message.retained and reading.time_source is TimeSource.RECEIVED
        events: tuple[QualityEvent, ...] = ()
        if not message.duplicate_flag and message.rejected is None:
            # A message that comes again says something about the way, and nothing new about
            # the probe.
            events = verdict.events
        analysed = AnalysedReading(reading, analysis, key)
        return CommitItem(
            message, analysed, show_only=show_only, events=events, part=part, pieces=pieces
        )

    def _skipped(self, message: RawMessage, reading: Reading) -> Rejection | None:
        problem = None if self._router is None else self._router(message, reading)
        return None if problem is None else Rejection(problem, reading.publisher_id)


def examine(quality: Quality, reading: Reading) -> Verdict:
    """The verdict of the tests. A fault in them costs what they remember of that probe, and
    never the reading."""
    try:
        return quality.examine(reading)
    except Exception:
        log.exception("the quality tests failed on %r", reading.publisher_id)
        quality.forget([reading.publisher_id])
        return Verdict(tuple([_MISSING if v is None else _UNKNOWN for v in reading.values]), ())


def _tells_health_only(reading: Reading) -> bool:
    """Whether it says how a device is and nothing about a field: a plug with a radio is no
    probe."""
    measured = any(value is not None for value in reading.values)
    return not measured and all(EXTRA_BY_KEY[key].health for key, _ in reading.extras)


def _failed(error: Exception, publisher_id: str | None = None) -> Rejection:
    return Rejection(Problem("internal_error", {"error": type(error).__name__}), publisher_id)


def _new_key(message: RawMessage, reading: Reading, part: int) -> bytes:
    """A key of a reading that names no time: random, but where its message was kept, so that
    it is the same reading however often that is tried again."""
    if message.rejected is None:
        return led_by(reading.received_us, secrets.token_bytes(RANDOM_BYTES))
    kept = b"redriven %d %d " % (message.rejected.id, part)
    return led_by(reading.received_us, hashlib.sha256(kept + message.payload).digest())
