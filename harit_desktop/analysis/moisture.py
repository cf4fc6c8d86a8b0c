"""Water in the soil by texture, and the moisture curves that follow from it.

Field capacity and wilting point are the middles of the ranges of FAO Irrigation and Drainage
Paper 56 (Allen et al. 1998), table 19. Pore space is the total porosity of Rawls, Brakensiek
and Saxton (1982), Transactions of the ASAE 25(5):1316; they have no silt, which takes the
number of silt loam.
"""

from __future__ import annotations

from typing import NamedTuple

from harit_desktop.analysis.curves import ResponseCurve, rising
from harit_desktop.analysis.meaning import Texture

MOISTURE_ERROR = 3.0
"""What cheap probes state for moisture, in points of percent."""
_AIR_FOR_HALF = 10.0
"""Air-filled pores (% of volume) at which roots begin to lack oxygen."""
_PADDY_FULL = 0.8
"""Share of saturation from which rice wants no more water: FAO-56 table 22, p = 0.20."""
_MOST = 100.0


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


def pore_space(texture: Texture) -> float:
    """Volumetric water content at saturation, in %: the soil cannot hold more."""
    return SOILS[texture].pore_space


def most_water(texture: Texture) -> float:
    """The highest volumetric % that is believed: the pore space and the probe's own error.

    A flooded field reads the pore space give or take that error; beyond it the number is
    about something else than volumetric water.
    """
    return pore_space(texture) + MOISTURE_ERROR


def drained_curve(texture: Texture, depletion_p: float) -> ResponseCurve:
    """FAO-56 water stress on the dry side, lack of air on the wet side.

    0 at the wilting point; 100 from where the share `depletion_p` of the available water is
    used, up to field capacity; 50 where a tenth of the volume is still air; 0 at saturation.
    """
    soil = SOILS[texture]
    capacity, wilting, full = soil.field_capacity, soil.wilting_point, soil.pore_space
    stress = capacity - depletion_p * (capacity - wilting)
    return ResponseCurve(
        (wilting, stress, capacity, full - _AIR_FOR_HALF, full),
        (0.0, 100.0, 100.0, 50.0, 0.0),
        optimal_low=stress,
        optimal_high=capacity,
        alarm_low=wilting,
        alarm_high=full,
        best_low=stress,
        best_high=capacity,
    )


def paddy_curve(texture: Texture) -> ResponseCurve:
    """Rice: 0 at field capacity, 100 from 0.8 of saturation on; no water is too much."""
    soil = SOILS[texture]
    return rising(soil.field_capacity, _PADDY_FULL * soil.pore_space, _MOST)
