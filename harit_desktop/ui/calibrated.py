"""Devices as they are shown: their newest values with the calibrations applied."""

from msgspec import structs

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.device import DeviceState


def calibrated(device: DeviceState, corrections: Corrections) -> DeviceState:
    """A device with corrected values; the same object where nothing is corrected.

    A refused value stays as the probe sent it: there is nothing true in it to correct.
    """
    sent = device.values
    made = corrections.values(device.publisher_id, sent, device.timestamp_us)
    if made is sent:
        return device
    flags = device.analysis.flags
    kept = tuple(
        was if flag == Flag.FAIL else now for was, now, flag in zip(sent, made, flags, strict=True)
    )
    return structs.replace(device, values=kept)
