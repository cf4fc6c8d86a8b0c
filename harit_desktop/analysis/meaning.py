"""What a channel's number means: the same 54.8 % is wet soil or an impossible value."""

from __future__ import annotations

from typing import Literal

import msgspec

MoistureBasis = Literal["saturation", "vwc"]
"""% of saturation (what most probes report), or volumetric water content."""
Texture = Literal[
    "sand",
    "loamy_sand",
    "sandy_loam",
    "loam",
    "silt_loam",
    "silt",
    "silty_clay_loam",
    "silty_clay",
    "clay",
]
"""Soil types of FAO-56 table 19."""
CO2Location = Literal["surface", "in_soil"]
NitrogenBasis = Literal["nitrate", "kmno4"]
"""Nitrate nitrogen, or the alkaline-permanganate nitrogen of the Soil Health Card."""


class ChannelMeaning(msgspec.Struct, frozen=True):
    """How the probes' numbers are to be read. Harit Classic takes them as they come."""

    moisture_basis: MoistureBasis = "saturation"
    texture: Texture = "loam"
    co2_location: CO2Location = "surface"
    n_basis: NitrogenBasis = "nitrate"
