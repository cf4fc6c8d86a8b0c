"""The stages before the commit: decode, examine, judge, give identity."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import Heard, RawMessage, Rejection
from harit_desktop.domain.quality import Verdict
from harit_desktop.domain.reading import (
    AnalysedReading,
    Reading,
    TimeSource,
    led_by,
    reading_key,
)
from harit_desktop.pipeline.ports import Analyser, Decoder, Quality

log = logging.getLogger(__name__)

RANDOM_BYTES = 24
_UNKNOWN, _MISSING = int(Flag.NOT_EVALUATED), int(Flag.MISSING)


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
    ) -> None:
        self._decoder = decoder
        self._quality = quality
        self._analyser = analyser
        self._zones = dict(zones or {})
        self._utc_offset_s = utc_offset_s
        self._begun = False

    def begin(self) -> None:
        """Brings the quality tests in line with these stages; pipeline thread only, as all."""
        if not self._begun:
            self._begun = True
            self._quality.configure(
                volumetric_most=self._analyser.volumetric_most,
                zones=self._zones,
                utc_offset_s=self._utc_offset_s,
                unless=self._analyser.moisture_calibrated,
            )

    def prepare(self, messages: Iterable[RawMessage]) -> list[CommitItem]:
        self.begin()
        return [self._prepare_one(message) for message in messages]

    def _prepare_one(self, message: RawMessage) -> CommitItem:
        try:
            decoded = self._decoder.decode(message)
            if isinstance(decoded, Rejection):
                return CommitItem(message, rejection=decoded)
            if isinstance(decoded, Heard):
                return CommitItem(message, heard=decoded)
            verdict = examine(self._quality, decoded)
            analysis = self._analyser.analyse(decoded, verdict)
        except Exception as error:
            log.exception("message on %r could not be processed", message.topic[:200])
            problem = Problem("internal_error", {"error": type(error).__name__})
            return CommitItem(message, rejection=Rejection(problem))
        key = reading_key(decoded) or _new_key(decoded)
        show_only = message.retained and decoded.time_source is TimeSource.RECEIVED
        return CommitItem(
            message,
            analysed=AnalysedReading(decoded, analysis, key),
            show_only=show_only,
            # A redelivery says something about the way, and nothing about the probe.
            events=() if message.duplicate_flag else verdict.events,
        )


def examine(quality: Quality, reading: Reading) -> Verdict:
    """The verdict of the tests. A fault in them costs what they remember of that probe, and
    never the reading."""
    try:
        return quality.examine(reading)
    except Exception:
        log.exception("the quality tests failed on %r", reading.publisher_id)
        quality.forget([reading.publisher_id])
        return Verdict(tuple([_MISSING if v is None else _UNKNOWN for v in reading.values]), ())


def _new_key(reading: Reading) -> bytes:
    return led_by(reading.received_us, secrets.token_bytes(RANDOM_BYTES))
