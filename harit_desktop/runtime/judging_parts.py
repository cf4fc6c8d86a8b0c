"""What judges readings, as the engine handles it: Protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from harit_desktop.domain.advice import Advice
from harit_desktop.domain.analysis import Explanation, Limits
from harit_desktop.domain.channels import Values
from harit_desktop.pipeline.ports import (
    Analyser,
    Quality,
)


class AnalyserPart(Analyser, Protocol):
    """Judges readings and explains the judgement; free of state, for any thread.

    Values are as stored; what calibrations make of them on that day is worked out inside.
    """

    def explain(
        self, values: Values, flags: tuple[int, ...], publisher_id: str = "", at_us: int = 0
    ) -> Explanation: ...

    def interval(
        self, values: Values, flags: tuple[int, ...], publisher_id: str = "", at_us: int = 0
    ) -> tuple[float, float] | None: ...

    def advice(
        self,
        values: Values,
        flags: tuple[int, ...],
        reasons: tuple[tuple[str, str], ...],
        publisher_id: str = "",
        at_us: int = 0,
        trends: Mapping[str, float] | None = None,
        *,
        clock_suspect: bool = False,
    ) -> tuple[Advice, ...]: ...

    def changes(
        self, daily: Sequence[tuple[int, Values]], publisher_id: str = "", at_us: int = 0
    ) -> Mapping[str, float]: ...

    def limits(self, channel_key: str) -> Limits | None: ...

    @property
    def profile_id(self) -> str: ...


class QualityPart(Quality, Protocol):
    """The quality tests with what they remember. Pipeline thread only, but for `siblings`."""

    def siblings(self, publisher_id: str) -> int: ...
