"""Which devices can be heard at all: not those of another broker, nor those left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import LinkState, LinkStatus

LeftOut = Callable[[DeviceState], bool]
"""Whether the rules of routing leave a device's readings out."""

_Address = tuple[str, int]


def nobody(_device: DeviceState) -> bool:
    """Everybody's readings are taken."""
    return False


class Reach:
    """Remembers over which broker each device was heard in this run.

    A device that was heard before this run, or through the API, may be anywhere, so its silence
    counts.
    """

    def __init__(self) -> None:
        self.left_out: LeftOut = nobody
        self._address: _Address | None = None
        self._heard: dict[str, tuple[int, _Address | None]] = {}
        self._beyond: frozenset[str] = frozenset()

    def look(self, link: LinkStatus, devices: Sequence[DeviceState]) -> bool:
        """Takes what is known now; True where another broker is in use than before."""
        before = self._address
        if link.state is LinkState.CONNECTED:
            self._address = (link.host, link.port)
        self._heard = {one.publisher_id: self._heard_at(one, link, before) for one in devices}
        self._beyond = frozenset(
            one.publisher_id
            for one in devices
            if self._heard[one.publisher_id][1] not in (None, self._address) or self.left_out(one)
        )
        return before not in (None, self._address)

    def is_beyond(self, publisher_id: str) -> bool:
        """Whether nothing can be heard of it here, so that its silence says nothing."""
        return publisher_id in self._beyond

    def _heard_at(
        self, device: DeviceState, link: LinkStatus, before: _Address | None
    ) -> tuple[int, _Address | None]:
        at_us = device.received_us
        known = self._heard.get(device.publisher_id)
        if known is not None and known[0] == at_us:
            return known
        if device.via_api or not device.stored_readings:
            return at_us, None
        # What came just before the change was still of the other broker.
        early = before is not None and at_us < link.since_us
        return at_us, before if early else self._address
