"""Since when readings are judged as now: what another profile, other settings or other
calibrations made of older ones is not to be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from harit_desktop.domain.channels import CHANNELS

if TYPE_CHECKING:
    from harit_desktop.domain.calibration import Corrections
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.settings.model import AnalysisSettings

_NO_PART = {"depth_cm": 15.0, "publish": True, "home_assistant": False}
"""Settings of the analysis by which nothing is judged, with any value."""


class JudgedAlike:
    """Notes the changes that it sees; those of before are known as far as the book tells.

    Of a profile changed before the program started the store tells (`storage.judged_by`).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._settings = _judging(engine.settings.analysis)
        self._corrections = engine.corrections
        self._settings_us = 0
        self._corrections_us: dict[str, int] = {}

    def after_us(self, publisher_id: str, now_us: int) -> int:
        """Readings measured up to this instant may have been judged otherwise; 0 for none."""
        self._follow(now_us)
        entered = [
            calibration.entered_us
            for calibration in self._engine.book.calibrations
            if calibration.publisher_id == publisher_id
        ]
        return max(self._settings_us, self._corrections_us.get(publisher_id, 0), *entered, 0)

    def _follow(self, now_us: int) -> None:
        engine = self._engine
        settings = _judging(engine.settings.analysis)
        if settings != self._settings:
            self._settings, self._settings_us = settings, now_us
        if engine.corrections is not self._corrections:
            before, self._corrections = self._corrections, engine.corrections
            for name in before.devices() | engine.corrections.devices():
                if _differ(before, engine.corrections, name):
                    self._corrections_us[name] = now_us


def _judging(settings: AnalysisSettings) -> AnalysisSettings:
    return structs.replace(settings, **_NO_PART)


def _differ(one: Corrections, other: Corrections, publisher_id: str) -> bool:
    return any(
        one.segments(publisher_id, channel.key) != other.segments(publisher_id, channel.key)
        for channel in CHANNELS
    )
