"""Judging stored readings again, which is done only when a person asks for it."""

from __future__ import annotations

import msgspec


class ReanalysisRequest(msgspec.Struct, frozen=True):
    """Which readings: from `from_us` up to and with `to_us`, None for no end; every device
    where `publisher_id` is None."""

    from_us: int | None = None
    to_us: int | None = None
    publisher_id: str | None = None


class ReanalysisResult(msgspec.Struct, frozen=True):
    """`changed` of the `read` readings have another judgement than before, `band_changed` of
    them another status word."""

    read: int
    changed: int
    band_changed: int
