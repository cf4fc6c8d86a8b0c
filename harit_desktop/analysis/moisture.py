"""The moisture curves that follow from a soil's texture and pore space."""

from __future__ import annotations

from harit_desktop.analysis.curves import ResponseCurve, rising
from harit_desktop.analysis.soils import SOILS, Texture, pore_space

MOISTURE_ERROR = 3.0
"""What cheap probes state for moisture, in points of percent."""
_AIR_FOR_HALF = 10.0
"""Air-filled pores (% of volume) at which roots begin to lack oxygen."""
_PADDY_FULL = 0.8
"""Share of saturation from which rice wants no more water: FAO-56 table 22, p = 0.20."""
_MOST = 100.0
_APART = 1.0
"""Points of percent between the corners of a curve, at least. In soil packed so hard that
air is short below the texture's field capacity, that and the wilting point give way: what
roots can use then ends where the air does (Letey 1985, Advances in Soil Science 1:277)."""


def most_water(texture: Texture, bulk_density: float = 0.0) -> float:
    """The highest volumetric % that is believed: the pore space and the probe's own error.

    A flooded field reads the pore space give or take that error; beyond it the number is
    about something else than volumetric water.
    """
    return pore_space(texture, bulk_density) + MOISTURE_ERROR


def drained_curve(texture: Texture, depletion_p: float, bulk_density: float = 0.0) -> ResponseCurve:
    """FAO-56 water stress on the dry side, lack of air on the wet side.

    0 at the wilting point; 100 from where the share `depletion_p` of the available water is
    used, up to field capacity; 50 where a tenth of the volume is still air; 0 at saturation.
    """
    full = pore_space(texture, bulk_density)
    short_of_air = full - _AIR_FOR_HALF
    capacity = min(SOILS[texture].field_capacity, short_of_air - _APART)
    wilting = min(SOILS[texture].wilting_point, capacity - 2 * _APART)
    stress = capacity - depletion_p * (capacity - wilting)
    return ResponseCurve(
        (wilting, stress, capacity, short_of_air, full),
        (0.0, 100.0, 100.0, 50.0, 0.0),
        optimal_low=stress,
        optimal_high=capacity,
        alarm_low=wilting,
        alarm_high=full,
        best_low=stress,
        best_high=capacity,
    )


def paddy_curve(texture: Texture, bulk_density: float = 0.0) -> ResponseCurve:
    """Rice: 0 at field capacity, 100 from 0.8 of saturation on; no water is too much."""
    enough = _PADDY_FULL * pore_space(texture, bulk_density)
    return rising(min(SOILS[texture].field_capacity, enough - _APART), enough, _MOST)
