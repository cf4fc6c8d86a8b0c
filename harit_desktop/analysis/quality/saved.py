"""A probe's state as bytes, and back: what the journal keeps of it."""

from __future__ import annotations

import math
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final, get_type_hints
from zlib import crc32

import msgspec

from harit_desktop.analysis.quality.rules import CODES, HOUR_MEMORY_DAYS, KIND_OF
from harit_desktop.analysis.quality.state import STATE_VERSION, ChannelState, DeviceState
from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNELS

_KEYS: Final = [channel.key for channel in CHANNELS]
_KINDS: Final = frozenset(KIND_OF.values())
_FLAGS: Final = frozenset(int(flag) for flag in Flag)
_CHECKSUM_BYTES: Final = 4
HOURS: Final = 24
_FINITE: Final = ("last", "slope", "mean", "swing", "apart")
_NEVER_NEGATIVE: Final = (
    *("step", "usual_energy", "energy", "quantum", "noise_limit", "loudest", "gate"),
    *("swing", "apart", "widest", "runs", "seen", "compared", "repeats"),
)


def _row_type(kind: type, **other: Any) -> Any:
    """The values of a state in the order of its fields; `other` types instead of the own."""
    hints = get_type_hints(kind) | other
    return tuple[tuple(hints[one.name] for one in fields(kind))]  # type: ignore[misc]  # made here


_of_channel = attrgetter(*(one.name for one in fields(ChannelState)))
_of_device = attrgetter(*(one.name for one in fields(DeviceState)))
_CHANNELS_AT: Final = [one.name for one in fields(DeviceState)].index("channels")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(
    _row_type(DeviceState, channels=list[_row_type(ChannelState)])  # type: ignore[misc]  # made here
)


def save(device: DeviceState) -> bytes:
    """Everything that is remembered of a probe, some kilobytes, behind its checksum."""
    row = list(_of_device(device))
    row[_CHANNELS_AT] = [_of_channel(state) for state in device.channels]
    return sealed(_encoder.encode(row))


def sealed(body: bytes) -> bytes:
    """With the checksum in front that `read_back` asks for."""
    return crc32(body).to_bytes(_CHECKSUM_BYTES, "big") + body


def read_back(saved: object) -> DeviceState | None:
    """None where it is not the state of a probe, as this version and these channels have it.

    The checksum tells what was damaged; for a state with a right one that no version of ours
    has made, everything on which a later reading would fail is asked for as well.
    """
    if not isinstance(saved, bytes):
        return None
    body = saved[_CHECKSUM_BYTES:]
    if saved != sealed(body):
        return None
    try:
        row = list(_decoder.decode(body))
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    row[_CHANNELS_AT] = [ChannelState(*one) for one in row[_CHANNELS_AT]]
    device = DeviceState(*row)
    return device if _whole(device) else None


def _whole(device: DeviceState) -> bool:
    return (
        device.version == STATE_VERSION
        and device.keys == _KEYS
        and len(device.channels) == len(_KEYS)
        and len(device.values) in (0, len(_KEYS))
        and all(0.0 <= one < math.inf for one in (device.interval_us, device.longest_same))
        and all(kind in _KINDS and event.code in CODES for kind, event in device.events.items())
        and all(event.flag in _FLAGS for event in device.events.values())
        and all(_sound(state) for state in device.channels)
    )


def _sound(state: ChannelState) -> bool:
    """Whether the lists have their lengths and the numbers are some that can be counted with."""
    hours = len(state.days)
    return (
        hours in (0, HOURS)
        and hours == len(state.centres) == len(state.spreads)
        and all(0 <= days <= HOUR_MEMORY_DAYS for days in state.days)
        and (not state.held or state.held in CODES)
        and max(state.jump_at, state.rise_at) <= state.seen
        and all(math.isfinite(getattr(state, name)) for name in _FINITE)
        and not any(getattr(state, name) < 0.0 for name in _NEVER_NEGATIVE)
        and not any(math.isnan(one) for one in _of_channel(state) if isinstance(one, float))
    )
