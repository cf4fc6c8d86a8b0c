"""Instants as text: ISO 8601 in, UTC microseconds inside, ISO 8601 with offset out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from harit_desktop.domain.clock import US_PER_DAY, US_PER_S
from harit_desktop.domain.errors import KnownError

SYSTEM_ZONE = "system"
MAX_LENGTH = 40
"""Characters; the longest useful stamp, nine fractional digits and offset, has 35."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the subtrahend of naive stamps
_FIRST_US = -62_135_596_800 * US_PER_S
_LAST_US = 253_402_300_800 * US_PER_S - 1
_SEPARATORS = "Tt "
_AFTER_BASIC_DATE = slice(8, 9)
_AFTER_DATE = slice(10, 11)


def load_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name; None for "system", the zone this computer is set to.

    Raises KnownError(timezone.unknown) for any other name.
    """
    if name == SYSTEM_ZONE:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise KnownError("timezone.unknown", name=name[:100]) from error


class TimestampReader:
    """Reads the time texts of one broker profile.

    A stamp without offset is local time in `zone` ("system" or an IANA name); where
    clocks go back and a local time happens twice, the earlier one is meant (fold 0).
    """

    def __init__(self, zone: str = SYSTEM_ZONE) -> None:
        self._zone = load_zone(zone)

    def instant_us(self, text: str) -> int | None:
        """The UTC microseconds that `text` names, None where it is not a full ISO 8601 time.

        A date and at least an hour are needed, between them T or a space. Digits beyond
        the microsecond are cut. A date alone names no instant.
        """
        if len(text) > MAX_LENGTH or not _has_time(text):
            return None
        try:
            moment = datetime.fromisoformat(text.upper())
        except ValueError:
            return None
        if moment.tzinfo is not None:
            return _to_us(moment - _EPOCH)
        if self._zone is not None:
            offset = self._zone.utcoffset(moment) or timedelta(0)
            return _to_us(moment - _NAIVE_EPOCH - offset)
        try:
            return _to_us(moment.astimezone(UTC) - _EPOCH)
        except (OverflowError, ValueError, OSError):
            # Beyond the years this system's zone covers (Windows: before 1970). Such a time
            # is suspect in any zone; reading it as UTC keeps it equal on every computer.
            return _to_us(moment - _NAIVE_EPOCH)


def _has_time(text: str) -> bool:
    """Whether a time of day follows the date, in plain characters.

    `fromisoformat` itself takes any character between the two, and a NUL at the end.
    """
    if len(text) < _AFTER_DATE.stop or not (text.isascii() and text.isprintable()):
        return False
    return text[_AFTER_DATE] in _SEPARATORS or text[_AFTER_BASIC_DATE] in _SEPARATORS


def _to_us(since_epoch: timedelta) -> int:
    return since_epoch.days * US_PER_DAY + since_epoch.seconds * US_PER_S + since_epoch.microseconds


def format_utc(instant_us: int) -> str:
    """2026-11-23T13:34:00.123456+00:00 from UTC microseconds."""
    return _moment(instant_us).isoformat(timespec="microseconds")


def format_local(instant_us: int, zone: ZoneInfo | None = None) -> str:
    """As `format_utc`, in `zone` (None: this computer's) and with its offset."""
    moment = _moment(instant_us)
    try:
        return moment.astimezone(zone).isoformat(timespec="microseconds")
    except (OverflowError, ValueError, OSError):
        return moment.isoformat(timespec="microseconds")


def _moment(instant_us: int) -> datetime:
    """The instant; where the calendar does not reach it, the calendar's first or last one.

    A stamp of year 1 or 9999 with an offset can name such an instant.
    """
    return _EPOCH + timedelta(microseconds=min(max(instant_us, _FIRST_US), _LAST_US))
