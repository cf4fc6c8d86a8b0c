"""What a codec's object tells of one probe."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """`values` by key of a channel or extra channel, in the catalogue's units. `suffix` follows
    the name of the node where it has several probes; `sent` is the probe's own time, as ISO text
    or seconds since 1970, where it names one that is not the uplink's."""

    values: dict[str, float]
    suffix: str = ""
    sent: str | float | None = None
