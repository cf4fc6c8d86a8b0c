"""What can be wrong with a probe as a whole, so that its values say nothing of the soil."""

from __future__ import annotations

from harit_desktop.domain.analysis import Analysis

_IN_AIR, _FROZEN = "cross.in_air", "cross.frozen"


def out_of_soil(analysis: Analysis) -> bool:
    """Whether the quality tests take the probe to be in the air: whatever index was stored with
    such a reading is none of the soil."""
    return any(code == _IN_AIR for _, code in analysis.reasons)


def is_frozen(analysis: Analysis) -> bool:
    """Whether all values stand still."""
    return any(code == _FROZEN for _, code in analysis.reasons)
