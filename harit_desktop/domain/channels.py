"""The channel catalogue: the one list of what a soil probe measures.

Decoder, database columns, charts, CSV headers and simulator iterate over
`CHANNELS`; adding a channel means adding one entry here and its translation.
"""

from __future__ import annotations

import msgspec


class Channel(msgspec.Struct, frozen=True):
    """One measured quantity.

    `key` is the name on the wire and in CSV files, `column` the database column,
    `unit` the symbol shown to people (empty for pH). `sensor_min`/`sensor_max` bound
    what a probe can report at all: a value outside is a fault, not a condition of the
    soil. `min_span` is the smallest height of a chart's value axis, `precision` the
    digits after the decimal point on screen, `start` the simulator's first value.
    `factor` is the name the existing system uses in `critical_factors`.
    """

    key: str
    column: str
    factor: str
    unit: str
    sensor_min: float
    sensor_max: float
    min_span: float
    precision: int
    start: float


CHANNELS: tuple[Channel, ...] = (
    Channel("N", "N", "Nitrogen", "mg/kg", 0.0, 2999.0, 4.0, 1, 22.0),
    Channel("P", "P", "Phosphorus", "mg/kg", 0.0, 2999.0, 4.0, 1, 18.0),
    Channel("K", "K", "Potassium", "mg/kg", 0.0, 2999.0, 10.0, 0, 150.0),
    Channel("CO2", "CO2", "CO2", "ppm", 200.0, 200_000.0, 40.0, 0, 500.0),
    Channel("Temperature", "temperature", "Temperature", "°C", -40.0, 80.0, 2.0, 1, 22.0),
    Channel("Moisture", "moisture", "Moisture", "%", 0.0, 100.0, 4.0, 1, 55.0),
    Channel("pH", "pH", "pH", "", 0.0, 14.0, 0.2, 2, 7.2),
)

CHANNEL_COUNT = len(CHANNELS)
CHANNEL_INDEX: dict[str, int] = {channel.key: i for i, channel in enumerate(CHANNELS)}

Values = tuple[float | None, ...]
"""One value per catalogue entry, in catalogue order; None where the channel is absent."""
