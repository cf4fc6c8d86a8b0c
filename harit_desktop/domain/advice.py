"""Short advice about a field or its probe: a code with parameters, words come later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Urgency = Literal["crit", "warn", "info"]


class Advice(msgspec.Struct, frozen=True):
    """One piece of advice. `params` are what its sentence names; `channel` is "" where it is
    about no single channel."""

    code: str
    urgency: Urgency
    channel: str = ""
    params: Mapping[str, float | str] = {}
