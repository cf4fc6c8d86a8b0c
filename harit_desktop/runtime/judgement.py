"""What views ask about the judgement of readings: why, how sure, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harit_desktop.domain.advice import Advice
from harit_desktop.domain.analysis import Explanation, ProfileLimits
from harit_desktop.domain.channels import Values
from harit_desktop.domain.device import DeviceState
from harit_desktop.runtime.judging import Judging
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.queries import QueryHandle, QueryPool


class Judgement:
    """Answers by the profile, calibrations and quality tests of this moment, from any thread.

    Values are as stored; what calibrations make of them on that day is worked out inside.
    """

    def __init__(self, judging: Judging, parts: Parts, queries: QueryPool) -> None:
        self._judging = judging
        self._parts = parts
        self._queries = queries

    def explain(
        self, values: Values, flags: tuple[int, ...], publisher_id: str = "", at_us: int = 0
    ) -> Explanation:
        """Why a reading with these values and quality flags has its index."""
        return self._judging.analyser.explain(values, flags, publisher_id, at_us)

    def interval(
        self, values: Values, flags: tuple[int, ...], publisher_id: str = "", at_us: int = 0
    ) -> tuple[float, float] | None:
        """Where the index lies nine times in ten, given the probe's own error; about a
        millisecond. None where the profile knows no such thing."""
        return self._judging.analyser.interval(values, flags, publisher_id, at_us)

    def advice(
        self, device: DeviceState, trends: Mapping[str, float] | None = None
    ) -> tuple[Advice, ...]:
        """What to do about the newest reading of a device, the most urgent first; `trends`
        are changes in % over a week by channel."""
        judged = device.analysis
        return self._judging.analyser.advice(
            device.values,
            judged.flags,
            judged.reasons,
            device.publisher_id,
            device.timestamp_us,
            trends,
            clock_suspect=device.clock_suspect,
        )

    def changes(
        self, daily: Sequence[tuple[int, Values]], publisher_id: str = "", at_us: int = 0
    ) -> Mapping[str, float]:
        """How many % the nutrients changed in a week, from daily means; the `trends` of
        `advice`. Empty where there are too few days."""
        return self._judging.analyser.changes(daily, publisher_id, at_us)

    def siblings(self, publisher_id: str) -> int:
        """How many probes of its zone a device is compared with for drift."""
        return self._judging.quality.siblings(publisher_id)

    def limits(self) -> ProfileLimits:
        """The present profile's ranges, for the channels that it judges."""
        return self._judging.limits()

    @property
    def profile(self) -> str:
        """The profile that judges now: the chosen one, unless that cannot be used."""
        return self._judging.analyser.profile_id

    def profiles(self) -> QueryHandle[tuple[str, ...]]:
        """The profiles there are to choose from, the user's own among them."""
        return self._queries.submit("profiles", lambda _: self._parts.profiles())
