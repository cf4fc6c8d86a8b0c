"""Why readings are flagged, as far as it was heard with them or asked of the store."""

from collections.abc import Iterable, Mapping

MOST = 2048
"""Rows whose reasons are kept, of all devices; the oldest to come are forgotten first."""


class Reasons:
    """Reason codes by device, row of a chart and channel. Bounded."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int], dict[str, str]] = {}

    def add(self, publisher_id: str, time_us: int, codes: Mapping[str, str]) -> None:
        """Takes the codes by channel of the row at an instant; none is an answer too."""
        self._rows.setdefault((publisher_id, time_us), {}).update(codes)
        if len(self._rows) > MOST:
            del self._rows[next(iter(self._rows))]

    def add_bucket(
        self, publisher_id: str, time_us: int, found: Iterable[Mapping[str, str]]
    ) -> None:
        """Takes the codes of all readings that one row stands for: the first of each channel."""
        merged: dict[str, str] = {}
        for codes in found:
            merged = {**codes, **merged}
        self.add(publisher_id, time_us, merged)

    def code(self, publisher_id: str, time_us: int, channel_key: str) -> str:
        """The code of a channel's flag; "" where it is not known."""
        return self._rows.get((publisher_id, time_us), {}).get(channel_key, "")

    def knows(self, publisher_id: str, time_us: int) -> bool:
        """Whether there is nothing to be asked of a row."""
        return (publisher_id, time_us) in self._rows
