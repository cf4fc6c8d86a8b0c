"""What a profile file may hold. Lists of two are low, then high, in the channel's unit.

`source` fields are for the reader of the file; nothing is computed from them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Pair = tuple[float, float]
Weight = Annotated[float, Meta(ge=0.01, le=100)]
ProfileId = Annotated[str, Meta(min_length=1, max_length=41)]
Text = Annotated[str, Meta(max_length=400)]
Name = Annotated[str, Meta(max_length=60)]


class ChannelRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel of the classic method; `weight` without unit."""

    optimal: Pair
    alarm: Pair
    weight: Weight
    source: Text = ""


class ClassicProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`edge_score` is a channel's score (0..100) at its optimal limits.

    A catalogue channel that `channels` does not name has no part in the judgement.
    """

    schema: Literal["harit-profile"]
    schema_version: Literal[1]
    id: ProfileId
    method: Literal["classic"]
    edge_score: Annotated[float, Meta(gt=0, lt=100)]
    channels: dict[str, ChannelRange]
    name: Name = ""
    species: Text = ""


class Suitability(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """pH or temperature: 100 points inside `optimal`, 0 from `alarm` on."""

    optimal: Pair
    alarm: Pair
    weight: Weight
    source: Text = ""


class Supply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """mg/kg of a nutrient: 50 points at `low`, 100 from `enough` on."""

    low: float
    enough: float
    source: Text = ""


class Nutrient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`Supply` with a weight."""

    low: float
    enough: float
    weight: Weight
    source: Text = ""


class Nitrogen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A supply for either way of measuring nitrogen."""

    weight: Weight
    nitrate: Supply
    kmno4: Supply


class SoilAir(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """CO2 inside the soil, ppm: 100 points up to `optimal_high`, 0 from `alarm_high` on."""

    optimal_high: float
    alarm_high: float
    weight: Weight
    source: Text = ""


class Saturation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Moisture as % of saturation: `dry` from 0 to 100 points, `wet` from 100 back to 0.

    Without `wet` no water is too much.
    """

    dry: Pair
    wet: Pair | None = None
    source: Text = ""


class Water(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Moisture on either basis; `depletion_p` of FAO-56, and whether the crop is flooded."""

    weight: Weight
    regime: Literal["drained", "paddy"]
    depletion_p: Annotated[float, Meta(gt=0, lt=1)]
    saturation: Saturation
    source: Text = ""


class ConditionChannels(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={
        "nitrogen": "N",
        "phosphorus": "P",
        "potassium": "K",
        "co2": "CO2",
        "temperature": "Temperature",
        "moisture": "Moisture",
        "ph": "pH",
    },
):
    """The channels of the condition method; one that is absent has no part in it."""

    nitrogen: Nitrogen | None = None
    phosphorus: Nutrient | None = None
    potassium: Nutrient | None = None
    co2: SoilAir | None = None
    temperature: Suitability | None = None
    moisture: Water | None = None
    ph: Suitability | None = None


class ConditionProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A crop, or soil under no crop in particular."""

    schema: Literal["harit-profile"]
    schema_version: Literal[1]
    id: ProfileId
    method: Literal["condition"]
    channels: ConditionChannels
    name: Name = ""
    species: Text = ""


Profile = ClassicProfile | ConditionProfile
