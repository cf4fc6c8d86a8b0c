"""The payloads of other makers' devices and gateways, one family a module.

Each module has a `FORMAT` that finds device, quantities and time in a decoded message and
knows the traps of its family; `registry` makes readings of what it finds. Pure functions of
topic and tree: no bytes, no clock. A further family is a module here and a line in
`THIRD_PARTY`; families that a user maps are templates (`wire.templates`).
"""

from __future__ import annotations

from harit_desktop.wire.formats import (
    chirpstack,
    ecowitt,
    esphome,
    miflora,
    plain_json,
    rtl433,
    sensecap,
    tasmota,
    theengs,
    things_stack,
    zigbee2mqtt,
)
from harit_desktop.wire.sighting import ThirdPartyFormat

THIRD_PARTY: tuple[ThirdPartyFormat, ...] = (
    things_stack.FORMAT,
    chirpstack.FORMAT,
    sensecap.FORMAT,
    zigbee2mqtt.FORMAT,
    tasmota.FORMAT,
    theengs.FORMAT,
    miflora.FORMAT,
    rtl433.FORMAT,
    ecowitt.FORMAT,
    esphome.FORMAT,
    plain_json.FORMAT,
)
"""Every family, in the order in which they are asked. The first that claims a message decides;
plain JSON, which goes by names alone, comes last."""
