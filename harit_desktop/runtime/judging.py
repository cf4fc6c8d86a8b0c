"""How messages are read and judged at this moment: settings and device book in one place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from harit_desktop.domain.analysis import ProfileLimits
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.device_book import DeviceBook
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.reading import Reading
from harit_desktop.domain.routing import Routing
from harit_desktop.pipeline.baselines import Baselines
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.pipeline.stages import Router, Stages
from harit_desktop.runtime.judging_parts import AnalyserPart, QualityPart
from harit_desktop.runtime.parts import Parts
from harit_desktop.settings.model import RoutingSettings, Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judges:
    """Built together from the same settings and the same book."""

    settings: Settings
    stages: Stages
    analyser: AnalyserPart


class Judging:
    """Builds the stages, and builds them anew when settings or the book change.

    `analyser`, `book` and `corrections` are immutable and for any thread. Settings whose zone
    or profile cannot be used fall back to that one default at the start; `problem` says so.
    """

    def __init__(self, parts: Parts, settings: Settings) -> None:
        self._parts = parts
        self._changing = threading.Lock()
        self._pipeline: Pipeline | None = None
        self.baselines = Baselines()
        self.quality: QualityPart = parts.quality(self.baselines)
        self.book = DeviceBook()
        self.corrections = Corrections()
        self.problem: Problem | None = None
        self._judges = self._build_usable(settings)

    @property
    def stages(self) -> Stages:
        return self._judges.stages

    @property
    def analyser(self) -> AnalyserPart:
        return self._judges.analyser

    @property
    def timezone(self) -> str:
        """The zone by which times without offset are read."""
        return self._judges.settings.broker.timezone

    def limits(self) -> ProfileLimits:
        """The present profile's ranges, for the channels that it judges."""
        found = {channel.key: self.analyser.limits(channel.key) for channel in CHANNELS}
        return {key: limits for key, limits in found.items() if limits is not None}

    def follow(self, pipeline: Pipeline) -> None:
        """Hands every change to this pipeline from now on."""
        self._pipeline = pipeline

    def build(self, settings: Settings) -> Judges:
        """What these settings make of the present book; nothing is used yet.

        Raises KnownError(timezone.unknown, profile.not_found and the like).
        """
        return self._build(settings, self.book, self.corrections)

    def use(self, judges: Judges) -> None:
        """Judges by these from the next batch on."""
        with self._changing:
            if judges.settings is not self._judges.settings:
                # The book may have changed since they were built.
                judges = self._build(judges.settings, self.book, self.corrections)
            self._take(judges)
        self.problem = None

    def use_book(self, book: DeviceBook) -> None:
        """Judges by what was entered about the devices from the next batch on."""
        with self._changing:
            corrections = Corrections(book.calibrations)
            judges = self._build(self._judges.settings, book, corrections)
            self.book, self.corrections = book, corrections
            self._take(judges)

    def read_anew(self) -> None:
        """Reads by the templates that there are now, from the next batch on."""
        with self._changing:
            self._take(self._build(self._judges.settings, self.book, self.corrections))

    def _build_usable(self, settings: Settings) -> Judges:
        """As the settings say, but for what cannot be used: a zone that does not exist must
        not cost the profile, nor a profile with a mistake the zone."""
        for _ in _FALLBACKS:
            try:
                return self.build(settings)
            except KnownError as error:
                log.warning("%s", error)
                self.problem = self.problem or error.problem
                section, name = _FALLBACKS[error.code.partition(".")[0]]
                settings = _with_default(settings, section, name)
        return self.build(settings)

    def _build(self, settings: Settings, book: DeviceBook, corrections: Corrections) -> Judges:
        analyser = self._parts.analyser(settings, corrections)
        decoder = self._parts.decoder(settings)
        zones = book.zones()
        stages = Stages(
            decoder,
            self.quality,
            analyser,
            zones,
            self._parts.utc_offset_s(settings),
            _router(settings.routing, zones),
        )
        return Judges(settings, stages, analyser)

    def _take(self, judges: Judges) -> None:
        self._judges = judges
        if self._pipeline is not None:
            self._pipeline.use_stages(judges.stages)


_FALLBACKS = {"timezone": ("broker", "timezone"), "profile": ("analysis", "profile")}
"""Which setting gives way, by the first part of the error's code."""


def _router(rules: RoutingSettings, zones: Mapping[str, str]) -> Router | None:
    """What leaves out whose readings are not wanted; None where everybody's are."""
    if rules.mode == "all":
        return None
    routing = Routing(rules.mode, rules.devices, rules.topics, rules.zones)

    def left_out(message: RawMessage, reading: Reading) -> Problem | None:
        device = reading.publisher_id
        if routing.takes(message.topic, device, zones.get(device, "")):
            return None
        return Problem("routing.left_out", {"mode": rules.mode})

    return left_out


def _with_default(settings: Settings, section: str, name: str) -> Settings:
    chosen = getattr(settings, section)
    default = getattr(type(chosen)(), name)
    changed = msgspec.structs.replace(chosen, **{name: default})
    return msgspec.structs.replace(settings, **{section: changed})
