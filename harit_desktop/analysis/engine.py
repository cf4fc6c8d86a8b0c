"""The engine: one reading in, its judgement out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harit_desktop.analysis.confidence import Reliabilities
from harit_desktop.analysis.judgement import Limits, Method, rounded
from harit_desktop.analysis.meaning import ChannelMeaning as ChannelMeaning
from harit_desktop.analysis.methods import method_of
from harit_desktop.analysis.profiles import load_profile
from harit_desktop.analysis.quality import QualityControl, QualityTest
from harit_desktop.domain.analysis import Analysis, Explanation, Flag, band_of
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS, Values
from harit_desktop.domain.reading import Reading

_FACTORS = tuple(channel.factor for channel in CHANNELS)
# Plain numbers, and a table of the few indices there are: each enumeration member and each
# search for the band costs half a microsecond on the path of every message.
_FAIL, _SUSPECT = int(Flag.FAIL), int(Flag.SUSPECT)
_BANDS = {index: band_of(index) for index in (None, *range(101))}
_AS_MOST_PROBES = ChannelMeaning()

SCORE_DIGITS = 4


class AnalysisEngine:
    """Judges readings by one profile; `tests` replaces the usual quality tests, and `quality`
    the whole of their control.

    `folder` holds the user's own profiles, `meaning` says how the numbers are to be read.
    `trust` gives the reliabilities of the devices that were calibrated; the others are
    taken for bare probes. `analyse` belongs to one thread, for quality tests may remember;
    everything else is free of state and may be called from any. Raises what
    `profiles.load_profile` raises.
    """

    def __init__(
        self,
        profile_id: str = "classic",
        tests: Sequence[QualityTest] | None = None,
        *,
        meaning: ChannelMeaning = _AS_MOST_PROBES,
        folder: Path | None = None,
        trust: Mapping[str, Reliabilities] | None = None,
        quality: QualityControl | None = None,
    ) -> None:
        self.profile = load_profile(profile_id, folder)
        self.meaning = meaning
        self._method = method_of(self.profile, meaning)
        self._calibrated: dict[str, Method] = {
            publisher_id: method_of(self.profile, meaning, found)
            for publisher_id, found in (trust or {}).items()
        }
        self.quality = QualityControl(tests) if quality is None else quality

    def analyse(self, reading: Reading) -> Analysis:
        """The judgement to store with a reading.

        A critical factor is a believable value outside the optimal range, in catalogue
        order. A reading is anomalous when a channel is flagged suspect or fail, or a
        believable value is outside its alarm limits. `anomaly_score` is 1 for such a
        reading; else it says how far, of the way from the optimal range to the alarm
        limit, the channel that is furthest out has gone (0: all are inside). A value that
        the profile refuses (more water than pores) is suspect whatever the tests say.
        """
        flags = self.quality.examine(reading).flags
        method = self._calibrated.get(reading.publisher_id, self._method)
        judged = method.judge(reading.values, flags)
        if judged.refused:
            flags = _suspected(flags, judged.refused)
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
            confidence=judged.confidence,
        )

    def explain(self, values: Values, flags: Sequence[int], publisher_id: str = "") -> Explanation:
        """Why the index is what it is, from what is stored with a reading of that device."""
        return self._calibrated.get(publisher_id, self._method).explain(values, flags)

    def interval(
        self, values: Values, flags: Sequence[int], publisher_id: str = ""
    ) -> tuple[float, float] | None:
        """Between which indices the probe's own error leaves the truth, nine times in ten.

        Unrounded; None for classic profiles and a withheld index. Takes about a millisecond.
        """
        return self._calibrated.get(publisher_id, self._method).interval(values, flags)

    def limits(self, channel_key: str) -> Limits | None:
        """The limits of a channel, for shading; None where the profile does not judge it."""
        index = CHANNEL_INDEX.get(channel_key)
        return None if index is None else self._method.limits(index)


def _suspected(flags: Sequence[int], positions: Sequence[int]) -> tuple[int, ...]:
    raised = list(flags)
    for position in positions:
        raised[position] = _SUSPECT
    return tuple(raised)
