"""What every method of judging gives, and the rules that hold for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import Protocol

import msgspec

from harit_desktop.domain.analysis import Explanation, Flag, Limits
from harit_desktop.domain.channels import CHANNEL_INDEX, Values

MIN_USABLE_CHANNELS = 4
TOO_FEW_CHANNELS = "too_few_channels"
"""Withheld: fewer than `MIN_USABLE_CHANNELS` channels are usable."""
NO_KEY_CHANNEL = "no_key_channel"
"""Withheld: neither moisture nor pH is usable."""
LOW_CONFIDENCE = "low_confidence"
"""Withheld: too little of the evidence is left (profiles of the condition method)."""

LEFT_OUT = (int(Flag.FAIL), int(Flag.MISSING))
KEY_CHANNELS = (CHANNEL_INDEX["Moisture"], CHANNEL_INDEX["pH"])


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """`critical` are places of the catalogue; `furthest` is how far of the way from the
    optimal range to the alarm limit the channel furthest out has gone, 0 to 1. `refused`
    are places of values that were left out although their flag would let them count."""

    index: float | None
    critical: tuple[int, ...]
    furthest: float
    alarming: bool
    confidence: float | None = None
    refused: tuple[int, ...] = ()


class Method(Protocol):
    """A profile made ready for use. Free of state, so any thread may call it."""

    def judge(self, values: Values, flags: Sequence[int]) -> Judgement: ...

    def explain(self, values: Values, flags: Sequence[int]) -> Explanation: ...

    def limits(self, position: int) -> Limits | None:
        """Those of the channel at that place of the catalogue; None where not judged."""
        ...

    def interval(self, values: Values, flags: Sequence[int]) -> tuple[float, float] | None:
        """What the probe's own error makes of the index; None where there is no such thing."""
        ...


def rounded(index: float | None) -> int | None:
    """The index as shown and stored: rounded half up, 1 to 100."""
    return None if index is None else min(100, max(1, floor(index + 0.5)))
