"""A probe's state as bytes, and back: what the journal keeps of it."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any, Final, get_type_hints

import msgspec

from harit_desktop.analysis.quality.state import STATE_VERSION, ChannelState, DeviceState
from harit_desktop.domain.channels import CHANNELS

_KEYS: Final = [channel.key for channel in CHANNELS]


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
    """Everything that is remembered of a probe, some kilobytes."""
    row = list(_of_device(device))
    row[_CHANNELS_AT] = [_of_channel(state) for state in device.channels]
    return _encoder.encode(row)


def read_back(saved: bytes) -> DeviceState | None:
    """None where it is not the state of a probe, as this version and these channels have it."""
    try:
        row = list(_decoder.decode(saved))
    except msgspec.DecodeError:
        return None
    row[_CHANNELS_AT] = [ChannelState(*one) for one in row[_CHANNELS_AT]]
    device = DeviceState(*row)
    whole = (
        device.version == STATE_VERSION
        and device.keys == _KEYS
        and len(device.channels) == len(_KEYS)
        and all(state.whole for state in device.channels)
    )
    return device if whole else None
