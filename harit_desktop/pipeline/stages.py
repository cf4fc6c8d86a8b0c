"""The stages before the commit: decode, judge, give identity."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import RawMessage, Rejection
from harit_desktop.domain.reading import (
    AnalysedReading,
    Reading,
    TimeSource,
    led_by,
    reading_key,
)
from harit_desktop.pipeline.ports import Analyser, Decoder

log = logging.getLogger(__name__)

RANDOM_BYTES = 24


class Stages:
    """Turns raw messages into items ready for the commit. Replaced whole when a setting
    changes how messages are read or judged."""

    def __init__(self, decoder: Decoder, analyser: Analyser) -> None:
        self._decoder = decoder
        self._analyser = analyser

    def prepare(self, messages: Iterable[RawMessage]) -> list[CommitItem]:
        return [self._prepare_one(message) for message in messages]

    def _prepare_one(self, message: RawMessage) -> CommitItem:
        try:
            decoded = self._decoder.decode(message)
            if isinstance(decoded, Rejection):
                return CommitItem(message, rejection=decoded)
            analysis = self._analyser.analyse(decoded)
        except Exception as error:
            log.exception("message on %r could not be processed", message.topic[:200])
            problem = Problem("internal_error", {"error": type(error).__name__})
            return CommitItem(message, rejection=Rejection(problem))
        key = reading_key(decoded) or _new_key(decoded)
        show_only = message.retained and decoded.time_source is TimeSource.RECEIVED
        return CommitItem(
            message, analysed=AnalysedReading(decoded, analysis, key), show_only=show_only
        )


def _new_key(reading: Reading) -> bytes:
    return led_by(reading.received_us, secrets.token_bytes(RANDOM_BYTES))
