"""The curves of a condition profile under what the channels mean on this farm."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from harit_desktop.analysis.curves import ResponseCurve, falling, ramp, rising, trapezium
from harit_desktop.analysis.meaning import ChannelMeaning
from harit_desktop.analysis.moisture import drained_curve, most_water, paddy_curve
from harit_desktop.analysis.schema import ConditionChannels, Nutrient, Suitability, Supply, Water
from harit_desktop.domain.channels import CHANNEL_INDEX, CHANNELS


class WeightedCurve(msgspec.Struct, frozen=True, gc=False):
    """`most` is the highest value that can be scored at all; None where there is no such."""

    curve: ResponseCurve
    weight: float
    most: float | None = None


def curves_of(
    channels: ConditionChannels, meaning: ChannelMeaning
) -> tuple[WeightedCurve | None, ...]:
    """One curve per catalogue channel, None for a channel without a part in the index."""
    found: Mapping[str, WeightedCurve | None] = {
        "N": _nitrogen(channels, meaning),
        "P": _nutrient("P", channels.phosphorus),
        "K": _nutrient("K", channels.potassium),
        "CO2": _soil_air(channels, meaning),
        "Temperature": _suitability(channels.temperature),
        "Moisture": _water(channels.moisture, meaning),
        "pH": _suitability(channels.ph),
    }
    return tuple(found.get(channel.key) for channel in CHANNELS)


def _most(channel_key: str) -> float:
    return CHANNELS[CHANNEL_INDEX[channel_key]].sensor_max


def _nitrogen(channels: ConditionChannels, meaning: ChannelMeaning) -> WeightedCurve | None:
    found = channels.nitrogen
    if found is None:
        return None
    supply: Supply = found.nitrate if meaning.n_basis == "nitrate" else found.kmno4
    return WeightedCurve(ramp(supply.low, supply.enough, _most("N")), found.weight)


def _nutrient(key: str, found: Nutrient | None) -> WeightedCurve | None:
    if found is None:
        return None
    return WeightedCurve(ramp(found.low, found.enough, _most(key)), found.weight)


def _soil_air(channels: ConditionChannels, meaning: ChannelMeaning) -> WeightedCurve | None:
    """CO2 above the ground says nothing about roots: context, without a weight."""
    found = channels.co2
    if found is None or meaning.co2_location != "in_soil":
        return None
    least = CHANNELS[CHANNEL_INDEX["CO2"]].sensor_min
    return WeightedCurve(falling(found.optimal_high, found.alarm_high, least), found.weight)


def _suitability(found: Suitability | None) -> WeightedCurve | None:
    if found is None:
        return None
    return WeightedCurve(trapezium(found.alarm[0], *found.optimal, found.alarm[1]), found.weight)


def _water(found: Water | None, meaning: ChannelMeaning) -> WeightedCurve | None:
    if found is None:
        return None
    if meaning.moisture_basis == "vwc":
        paddy = found.regime == "paddy"
        soil, p = (meaning.texture, meaning.bulk_density), found.depletion_p
        curve = paddy_curve(*soil) if paddy else drained_curve(soil[0], p, soil[1])
        return WeightedCurve(curve, found.weight, most_water(*soil))
    share = found.saturation
    if share.wet is None:
        return WeightedCurve(rising(*share.dry, _most("Moisture")), found.weight)
    return WeightedCurve(trapezium(*share.dry, *share.wet), found.weight)
