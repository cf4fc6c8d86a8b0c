"""Soils by texture: how much water they hold, how much room there is for it.

Field capacity and wilting point are the middles of the ranges of FAO Irrigation and Drainage
Paper 56 (Allen et al. 1998), table 19. Pore space is the total porosity of Rawls, Brakensiek
and Saxton (1982), Transactions of the ASAE 25(5):1316; they have no silt, which takes the
number of silt loam. Where the bulk density of the field is known, pore space follows from it
instead: what is not mineral, of the usual 2.65 g/cm³ (quartz and most clays), is pore.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

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

PARTICLE_DENSITY = 2.65
"""g/cm³ of soil without its pores."""


class Soil(NamedTuple):
    """% of the soil's volume."""

    field_capacity: float
    wilting_point: float
    pore_space: float


SOILS: dict[Texture, Soil] = {
    "sand": Soil(12.0, 4.5, 43.7),
    "loamy_sand": Soil(15.0, 6.5, 43.7),
    "sandy_loam": Soil(23.0, 11.0, 45.3),
    "loam": Soil(25.0, 12.0, 46.3),
    "silt_loam": Soil(29.0, 15.0, 50.1),
    "silt": Soil(32.0, 17.0, 50.1),
    "silty_clay_loam": Soil(33.5, 20.5, 47.1),
    "silty_clay": Soil(36.0, 23.0, 47.9),
    "clay": Soil(36.0, 22.0, 47.5),
}


def pore_space(texture: Texture, bulk_density: float = 0.0) -> float:
    """Volumetric water content at saturation, in %: the soil cannot hold more.

    From `bulk_density` (g/cm³) where it is given, else (0) the texture's usual one.
    """
    if bulk_density > 0.0:
        return 100.0 * (1.0 - bulk_density / PARTICLE_DENSITY)
    return SOILS[texture].pore_space


CARD_BULK_DENSITY = 2.24 / 1.5
"""g/cm³ behind the kg/ha of the Soil Health Card: 2.24 million kg of soil in 15 cm."""
