"""Profiles and readings that several test files share."""

from hypothesis import strategies as st

from harit_desktop.analysis.condition import ConditionScale, scale_of
from harit_desktop.analysis.meaning import ChannelMeaning
from harit_desktop.analysis.profiles import load_profile
from harit_desktop.analysis.schema import ConditionProfile
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNELS

CROPS = (
    "generic",
    "rice",
    "wheat",
    "soybean",
    "groundnut",
    "cotton",
    "chickpea",
    "bajra",
    "sugarcane",
)
KEYS = [channel.key for channel in CHANNELS]
EXAMPLE = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
GOOD = (300.0, 17.8, 152.3, 498.2, 22.1, 41.0, 6.4)
PASSES = (int(Flag.PASS),) * CHANNEL_COUNT
USUAL = ChannelMeaning()
IN_SOIL = ChannelMeaning(co2_location="in_soil")
VOLUMETRIC = ChannelMeaning("vwc", "loam", "in_soil", "kmno4")
MEANINGS = (USUAL, IN_SOIL, VOLUMETRIC)
FLAGS = st.tuples(*[st.sampled_from([int(flag) for flag in Flag])] * CHANNEL_COUNT)


def profile_of(crop: str) -> ConditionProfile:
    profile = load_profile(crop)
    assert isinstance(profile, ConditionProfile)
    return profile


def scale(crop: str, meaning: ChannelMeaning = USUAL) -> ConditionScale:
    return scale_of(profile_of(crop), meaning)


SCALES = [scale(crop, meaning) for crop in CROPS for meaning in MEANINGS]


def some_values() -> st.SearchStrategy[tuple[float | None, ...]]:
    """Around the limits of the crops, far beyond them, absent, good for most crops, and none
    of a nutrient at all."""
    spans = ((0, 60), (0, 25), (0, 200), (200, 120_000), (-5, 50), (0, 100), (3, 10))
    return st.tuples(
        *[
            st.one_of(
                st.floats(low, high),
                st.integers(int(low), int(high)).map(float),
                st.sampled_from((good, good, 0.0)),
                st.none(),
                st.floats(-1e6, 1e6),
            )
            for (low, high), good in zip(spans, GOOD, strict=True)
        ]
    )


def full_values() -> st.SearchStrategy[tuple[float, ...]]:
    """Seven believable values."""
    spans = ((0, 300), (0, 25), (0, 200), (200, 120_000), (-5, 50), (0, 49), (3, 10))
    return st.tuples(*[st.floats(low, high) for low, high in spans])
