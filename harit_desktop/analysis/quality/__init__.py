"""Is the number believable? One class per quality test, one flag per channel.

Owns the range, time, step, flatline, noise, cross-channel and drift tests, the test of what is
unusual for the hour (an event, never a flag), what they remember of each probe, and the events
a person is told. Flags follow QARTOD (`domain.analysis.Flag`). A test only finds; the value
itself is never changed or dropped. Imports only `domain`.
"""

from harit_desktop.analysis.quality.control import QualityControl
from harit_desktop.analysis.quality.findings import QualityTest
from harit_desktop.analysis.quality.ranges import PhysicalRange, SensorRange, Sentinels

__all__ = [
    "PhysicalRange",
    "QualityControl",
    "QualityTest",
    "SensorRange",
    "Sentinels",
]
