"""The methods for devices that somebody compared with a laboratory."""

from __future__ import annotations

from bisect import bisect_right

from harit_desktop.analysis.confidence import (
    DAY_US,
    ESTIMATED_CHANNELS,
    Reliabilities,
    anchored_reliability,
)
from harit_desktop.analysis.judgement import Method
from harit_desktop.analysis.meaning import ChannelMeaning
from harit_desktop.analysis.methods import method_of
from harit_desktop.analysis.schema import Profile
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.channels import CHANNELS

MOST_METHODS = 512
"""Enough for every device today; judging a year again makes more than that in turn."""

_Place = tuple[str, int, int]
"""Device, day, and how many of its laboratory values hold by then."""


class CalibratedMethods:
    """One method per device and day, made when it is asked for.

    Any thread may ask: what two of them make at once is equal, and either may stay.
    """

    def __init__(self, profile: Profile, meaning: ChannelMeaning, corrections: Corrections) -> None:
        self._profile, self._meaning, self._corrections = profile, meaning, corrections
        self._starts: dict[str, list[int]] = {
            publisher_id: sorted(
                segment.from_us
                for key in ESTIMATED_CHANNELS
                for segment in corrections.segments(publisher_id, key)
            )
            for publisher_id in corrections.devices()
        }
        self._methods: dict[_Place | Reliabilities, Method] = {}

    def method(self, publisher_id: str, at_us: int) -> Method:
        """The method for a reading of that instant; any device of the corrections."""
        day = at_us // DAY_US
        place = (publisher_id, day, bisect_right(self._starts[publisher_id], at_us))
        found = self._methods.get(place)
        if found is None:
            found = self._of_trust(self._trust(publisher_id, at_us))
            self._keep(place, found)
        return found

    def _trust(self, publisher_id: str, at_us: int) -> Reliabilities:
        segment, day = self._corrections.segment, at_us // DAY_US
        return tuple(
            anchored_reliability(c.key, segment(publisher_id, c.key, at_us), day) for c in CHANNELS
        )

    def _of_trust(self, trust: Reliabilities) -> Method:
        found = self._methods.get(trust)
        if found is None:
            found = method_of(self._profile, self._meaning, trust)
            self._keep(trust, found)
        return found

    def _keep(self, place: _Place | Reliabilities, method: Method) -> None:
        methods = self._methods
        if len(methods) >= MOST_METHODS:
            methods = self._methods = {}
        methods[place] = method
