"""What a channel's number means: the same 54.8 % is wet soil or an impossible value."""

from __future__ import annotations

from typing import Literal

import msgspec

from harit_desktop.analysis.soils import CARD_BULK_DENSITY, Texture

MoistureBasis = Literal["saturation", "vwc"]
"""% of saturation (what most probes report), or volumetric water content."""
CO2Location = Literal["surface", "in_soil"]
NitrogenBasis = Literal["nitrate", "kmno4"]
"""Nitrate nitrogen, or the alkaline-permanganate nitrogen of the Soil Health Card."""


class ChannelMeaning(msgspec.Struct, frozen=True):
    """How the probes' numbers are to be read. Harit Classic takes them as they come.

    `bulk_density` is in g/cm³, 0 as is usual for the texture. `depth_cm` is how deep the soil
    is that a nutrient's kg/ha are counted in.
    """

    moisture_basis: MoistureBasis = "saturation"
    texture: Texture = "loam"
    co2_location: CO2Location = "surface"
    n_basis: NitrogenBasis = "nitrate"
    bulk_density: float = 0.0
    depth_cm: float = 15.0


def kg_per_ha(mg_per_kg: float, meaning: ChannelMeaning) -> float:
    """A nutrient in kg/ha, as the Soil Health Card has it, of the soil down to `depth_cm`.

    mg/kg x g/cm³ x cm x 0.1: a hectare of 1 cm at 1 g/cm³ weighs 100 t. Where no bulk density
    is given it is the card's own, so that a value of the card comes back as it was typed.
    """
    density = meaning.bulk_density or CARD_BULK_DENSITY
    return mg_per_kg * density * meaning.depth_cm * 0.1
