"""What the soil-health panel knows of a reading beside its index and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harit_desktop.domain.advice import Advice
from harit_desktop.domain.calibration import Segment
from harit_desktop.domain.channels import Values


@dataclass(frozen=True)
class HealthDetails:
    """`name` is what the owner calls the device, "" for none. `interval` is the unrounded
    90 % interval of the index. `judged` are the values that count (empty: those sent) and
    `segments` the corrections in force, by channel key. `estimated` channels are no measurements.
    `kg_per_ha` holds nutrients in the top `depth_cm` of soil. `siblings` are the probes of the
    same zone that it is compared with for drift, None where nobody asked; `neighbours` are all
    the others of the zone, also those too new or too silent to compare with. `alarming` channels
    lie beyond their alarm limits, None where nobody asked; `confirmed` ones were compared with a
    laboratory not long ago. What was measured up to `judged_after_us` was judged otherwise than
    the newest reading.
    """

    name: str = ""
    interval: tuple[float, float] | None = None
    judged: Values = ()
    segments: Mapping[str, Segment] = field(default_factory=dict)
    estimated: frozenset[str] = frozenset()
    kg_per_ha: Mapping[str, float] = field(default_factory=dict)
    depth_cm: float = 0.0
    advice: tuple[Advice, ...] = ()
    siblings: int | None = None
    neighbours: int = 0
    alarming: frozenset[str] | None = None
    confirmed: frozenset[str] = frozenset()
    judged_after_us: int = 0


NO_DETAILS = HealthDetails()
