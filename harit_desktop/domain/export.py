"""What a person asks to be exported."""

from __future__ import annotations

from pathlib import Path

import msgspec


class ExportRequest(msgspec.Struct, frozen=True):
    """Which readings to write to which file.

    `from_us`/`to_us` bound the canonical time (UTC microseconds, both inclusive), None is
    open; `publisher_ids` None means every device. Simulated readings are left out unless
    `include_simulated` is set.
    """

    out: Path
    from_us: int | None = None
    to_us: int | None = None
    publisher_ids: tuple[str, ...] | None = None
    include_simulated: bool = False
