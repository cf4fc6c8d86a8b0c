"""The engine: one reading in, its judgement out."""

from __future__ import annotations

from collections.abc import Sequence

from harit_desktop.analysis.profiles import load_profile
from harit_desktop.analysis.quality import QualityControl, QualityTest
from harit_desktop.analysis.soil_health import explain, judge, rounded, scale_of
from harit_desktop.domain.analysis import Analysis, Explanation, Flag, band_of
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS, Values
from harit_desktop.domain.reading import Reading

Limits = tuple[float, float, float, float]
"""Optimal low, optimal high, alarm low, alarm high, in the channel's unit."""

_FACTORS = tuple(channel.factor for channel in CHANNELS)
# Plain numbers, and a table of the few indices there are: each enumeration member and each
# search for the band costs half a microsecond on the path of every message.
_FAIL, _SUSPECT = int(Flag.FAIL), int(Flag.SUSPECT)
_BANDS = {index: band_of(index) for index in (None, *range(101))}

SCORE_DIGITS = 4


class AnalysisEngine:
    """Judges readings by one profile; `tests` replaces the usual quality tests.

    `analyse` belongs to one thread, for quality tests may remember; `explain` and `limits`
    are free of state and may be called from any. Raises what `profiles.load_profile` raises.
    """

    def __init__(
        self, profile_id: str = "classic", tests: Sequence[QualityTest] | None = None
    ) -> None:
        self.profile = load_profile(profile_id)
        self._scale = scale_of(self.profile)
        self._quality = QualityControl(tests)

    def analyse(self, reading: Reading) -> Analysis:
        """The judgement to store with a reading.

        A critical factor is a believable value outside the optimal range, in catalogue
        order. A reading is anomalous when a channel is flagged suspect or fail, or a
        believable value is outside its alarm limits. `anomaly_score` is 1 for such a
        reading; else it says how far, of the way from the optimal range to the alarm
        limit, the channel that is furthest out has gone (0: all are inside).
        """
        flags = self._quality.examine(reading).flags
        judged = judge(reading.values, flags, self._scale)
        anomalous = judged.alarming or _FAIL in flags or _SUSPECT in flags
        index = rounded(judged.index)
        return Analysis(
            index=index,
            band=_BANDS[index],
            is_anomalous=anomalous,
            anomaly_score=1.0 if anomalous else round(judged.furthest, SCORE_DIGITS),
            critical_factors=tuple([_FACTORS[position] for position in judged.critical]),
            flags=flags,
            profile=self.profile.id,
        )

    def explain(self, values: Values, flags: Sequence[int]) -> Explanation:
        """Why the index is what it is, from what is stored with a reading."""
        return explain(values, flags, self._scale)

    def limits(self, channel_key: str) -> Limits | None:
        """The limits of a channel, for shading; None where the profile does not judge it."""
        index = CHANNEL_INDEX.get(channel_key)
        curve = None if index is None else self._scale.curves[index]
        if curve is None:
            return None
        return (curve.optimal_low, curve.optimal_high, curve.alarm_low, curve.alarm_high)
