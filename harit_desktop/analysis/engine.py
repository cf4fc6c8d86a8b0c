"""The engine: one reading and the verdict on it in, its judgement out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harit_desktop.analysis.advice import Seen, advise
from harit_desktop.analysis.advice_rules import built_in_rules
from harit_desktop.analysis.calibrated import CalibratedMethods
from harit_desktop.analysis.judgement import Method, rounded
from harit_desktop.analysis.meaning import ChannelMeaning as ChannelMeaning
from harit_desktop.analysis.methods import method_of
from harit_desktop.analysis.moisture import most_water
from harit_desktop.analysis.profiles import load_profile
from harit_desktop.analysis.trends import nutrient_changes
from harit_desktop.domain.advice import Advice
from harit_desktop.domain.analysis import Analysis, Explanation, Flag, Limits, band_of
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS, Values
from harit_desktop.domain.quality import Finding, Verdict
from harit_desktop.domain.reading import Reading

_KEYS = tuple(channel.key for channel in CHANNELS)
_MOISTURE = "Moisture"
_FACTORS = tuple(channel.factor for channel in CHANNELS)
# Plain numbers, and a table of the few indices there are: each enumeration member and each
# search for the band costs half a microsecond on the path of every message.
_FAIL, _SUSPECT = int(Flag.FAIL), int(Flag.SUSPECT)
_MOST = tuple(channel.sensor_max for channel in CHANNELS)
_BANDS = {index: band_of(index) for index in (None, *range(101))}
_AS_MOST_PROBES = ChannelMeaning()
_AT_THEIR_WORD = Corrections()

SCORE_DIGITS = 4
REFUSED = "range.physical_high"
"""The reason of a value that the profile refuses: more water than pores."""


class AnalysisEngine:
    """Judges readings by one profile.

    `folder` holds the user's own profiles, `meaning` says how the numbers are to be read,
    `corrections` what devices were compared with. Values go in raw, as stored, and are
    corrected inside. Immutable, so any thread may call anything. Raises what
    `profiles.load_profile` raises.
    """

    def __init__(
        self,
        profile_id: str = "classic",
        *,
        meaning: ChannelMeaning = _AS_MOST_PROBES,
        folder: Path | None = None,
        corrections: Corrections = _AT_THEIR_WORD,
    ) -> None:
        self.profile = load_profile(profile_id, folder)
        self.meaning = meaning
        self._corrections = corrections
        self._devices = corrections.devices()
        self._method = method_of(self.profile, meaning)
        self._rules = built_in_rules()
        self._calibrated = CalibratedMethods(self.profile, meaning, corrections)

    @property
    def profile_id(self) -> str:
        return self.profile.id

    @property
    def volumetric_most(self) -> float | None:
        """The most water that quality tests may believe, % of volume, in values as sent; None
        where moisture is no volume. Not of the `moisture_calibrated` devices."""
        if self.meaning.moisture_basis != "vwc":
            return None
        return most_water(self.meaning.texture, self.meaning.bulk_density)

    @property
    def moisture_calibrated(self) -> frozenset[str]:
        """The devices of which moisture was calibrated: what they send is no volume yet, and it
        is left to the profile to refuse what comes of it."""
        segments = self._corrections.segments
        return frozenset(one for one in self._devices if segments(one, _MOISTURE))

    def analyse(self, reading: Reading, verdict: Verdict) -> Analysis:
        """The judgement to store with a reading; `verdict` is about its raw values.

        A critical factor is a believable value outside the optimal range, in catalogue
        order. A reading is anomalous when a channel is flagged suspect or fail, or a
        believable value is outside its alarm limits. `anomaly_score` is 1 for such a
        reading; else it says how far, of the way from the optimal range to the alarm
        limit, the channel that is furthest out has gone (0: all are inside). A value that
        the profile refuses (more water than pores), or of which a calibration makes more than
        the channel can have, is suspect whatever the tests say.
        """
        values, method, flags = reading.values, self._method, verdict.flags
        if reading.publisher_id in self._devices:
            values, method = self._corrected(values, reading.publisher_id, reading.timestamp_us)
        judged = method.judge(values, flags)
        refused = judged.refused
        if values is not reading.values:
            refused += _beyond(reading.values, values)
        if refused:
            flags = _suspected(flags, refused)
        doubted = _FAIL in flags or _SUSPECT in flags
        anomalous = judged.alarming or doubted
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
            reasons=_reasons(flags, verdict.findings, refused) if doubted else (),
        )

    def explain(
        self, values: Values, flags: Sequence[int], publisher_id: str = "", at_us: int = 0
    ) -> Explanation:
        """Why the index is what it is, from what is stored with a reading of that device and
        instant."""
        values, method = self._corrected(values, publisher_id, at_us)
        return method.explain(values, flags)

    def interval(
        self, values: Values, flags: Sequence[int], publisher_id: str = "", at_us: int = 0
    ) -> tuple[float, float] | None:
        """Between which indices the probe's own error leaves the truth, nine times in ten.

        Unrounded; None for classic profiles and a withheld index. Takes about a millisecond.
        """
        values, method = self._corrected(values, publisher_id, at_us)
        return method.interval(values, flags)

    def advice(
        self,
        values: Values,
        flags: Sequence[int],
        reasons: Sequence[tuple[str, str]],
        publisher_id: str = "",
        at_us: int = 0,
        trends: Mapping[str, float] | None = None,
        *,
        clock_suspect: bool = False,
    ) -> tuple[Advice, ...]:
        """What to do about a reading, the most urgent first; see `advice.advise`.

        `reasons` are those of its `Analysis`, `trends` what `changes` gives of its device;
        `clock_suspect` says that the probe sent an impossible time.
        """
        corrected, method = self._corrected(values, publisher_id, at_us)
        refused = method.judge(corrected, flags).refused
        doubts = dict(reasons) | {_KEYS[position]: REFUSED for position in refused}
        seen = Seen(
            raw=values,
            values=corrected,
            flags=_suspected(flags, refused),
            reasons=doubts,
            limits=[self._method.limits(position) for position in range(len(_KEYS))],
            trends=trends or {},
            compared=self._compared(publisher_id, at_us),
            clock_suspect=clock_suspect,
        )
        return advise(seen, self._rules)

    def changes(
        self, daily: Sequence[tuple[int, Values]], publisher_id: str = "", at_us: int = 0
    ) -> dict[str, float]:
        """A week's change of each nutrient in % (see `trends`), from daily means as stored.

        All days are corrected as the reading of `at_us` is: a calibration of this week is no
        change of the soil.
        """
        correct = self._corrections.values
        return nutrient_changes([(day, correct(publisher_id, v, at_us)) for day, v in daily])

    def limits(self, channel_key: str) -> Limits | None:
        """The limits of a channel, for shading; None where the profile does not judge it."""
        index = CHANNEL_INDEX.get(channel_key)
        return None if index is None else self._method.limits(index)

    def _corrected(self, values: Values, publisher_id: str, at_us: int) -> tuple[Values, Method]:
        if publisher_id not in self._devices:
            return values, self._method
        method = self._calibrated.method(publisher_id, at_us)
        corrected = self._corrections.values(publisher_id, values, at_us)
        if corrected is not values:
            corrected = tuple(
                [
                    None if v is None or v > most else v
                    for v, most in zip(corrected, _MOST, strict=True)
                ]
            )
        return corrected, method

    def _compared(self, publisher_id: str, at_us: int) -> frozenset[str]:
        """The channels that a laboratory value was entered for by then."""
        segments = {key: self._corrections.segment(publisher_id, key, at_us) for key in _KEYS}
        return frozenset(key for key, one in segments.items() if one is not None and one.pairs)


def _beyond(raw: Values, corrected: Values) -> tuple[int, ...]:
    """Where a calibration makes more of a value than the channel can have."""
    return tuple(
        position
        for position, (sent, value) in enumerate(zip(raw, corrected, strict=True))
        if sent is not None and value is None
    )


def _suspected(flags: Sequence[int], positions: Sequence[int]) -> tuple[int, ...]:
    raised = list(flags)
    for position in positions:
        raised[position] = _SUSPECT
    return tuple(raised)


def _reasons(
    flags: Sequence[int], findings: Sequence[Finding], refused: Sequence[int]
) -> tuple[tuple[str, str], ...]:
    """(channel, code) of each doubted channel: the first finding that set its flag."""
    codes = {_KEYS[position]: REFUSED for position in refused}
    doubted = {
        key: flag for key, flag in zip(_KEYS, flags, strict=True) if flag in (_SUSPECT, _FAIL)
    }
    for finding in findings:
        if doubted.get(finding.channel) == finding.flag:
            codes.setdefault(finding.channel, finding.code)
    return tuple((key, codes[key]) for key in doubted if key in codes)
