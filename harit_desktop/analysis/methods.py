"""The method of judging that a profile names."""

from __future__ import annotations

from collections.abc import Sequence

from harit_desktop.analysis import condition
from harit_desktop.analysis.confidence import Reliabilities
from harit_desktop.analysis.interval import interval
from harit_desktop.analysis.judgement import Judgement, Method
from harit_desktop.analysis.meaning import ChannelMeaning
from harit_desktop.analysis.schema import ClassicProfile, ConditionProfile, Profile
from harit_desktop.analysis.soil_health import ClassicMethod
from harit_desktop.domain.analysis import Explanation, Limits
from harit_desktop.domain.channels import Values


class ConditionMethod:
    """A condition profile as a method of judging."""

    def __init__(
        self, profile: ConditionProfile, meaning: ChannelMeaning, trust: Reliabilities | None
    ) -> None:
        self.scale = condition.scale_of(profile, meaning, trust)

    def judge(self, values: Values, flags: Sequence[int]) -> Judgement:
        return condition.judge(values, flags, self.scale)

    def explain(self, values: Values, flags: Sequence[int]) -> Explanation:
        return condition.explain(values, flags, self.scale)

    def limits(self, position: int) -> Limits | None:
        entry = self.scale.curves[position]
        if entry is None:
            return None
        curve = entry.curve
        return (curve.optimal_low, curve.optimal_high, curve.alarm_low, curve.alarm_high)

    def interval(self, values: Values, flags: Sequence[int]) -> tuple[float, float] | None:
        return interval(values, flags, self.scale)


def method_of(
    profile: Profile, meaning: ChannelMeaning, trust: Reliabilities | None = None
) -> Method:
    """The method, ready for use. The classic one takes neither meaning nor trust."""
    if isinstance(profile, ClassicProfile):
        return ClassicMethod(profile)
    return ConditionMethod(profile, meaning, trust)
