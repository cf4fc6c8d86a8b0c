"""What the device list says about each device, and the model that holds it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from math import inf

from msgspec import structs
from PySide6.QtCore import (
    QAbstractListModel,
    QCollator,
    QCoreApplication,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)

from harit_desktop.domain.analysis import Band, ProfileLimits
from harit_desktop.domain.calibration import Corrections
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.device_book import DeviceBook, DeviceRecord
from harit_desktop.ui.calibrated import calibrated
from harit_desktop.ui.device_names import record_of
from harit_desktop.ui.extras.device_notes import device_lines
from harit_desktop.ui.panels.device_standing import standing_of, time_told_of
from harit_desktop.ui.panels.probe_state import out_of_soil
from harit_desktop.ui.words import (
    DASH,
    age_spoken,
    age_text,
    band_word,
    plain,
)

_NO_PARENT = QModelIndex()

ROW_ROLE = Qt.ItemDataRole.UserRole
OBJECT_NAME_ROLE = Qt.ItemDataRole.UserRole + 1
STATE_ROLE = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True)
class DeviceRow:
    """The texts of one row. `state` is live, fallback, stale, warn or error; `spoken` says all of
    it, `brief` what matters most of `detail`, where that does not fit. `caption` stands above the
    first row of a zone; None for a row without one."""

    publisher_id: str
    name: str
    detail: str
    brief: str
    index: str
    band: Band
    band_shown: str
    state: str
    simulated: bool
    spoken: str
    hint: str = ""
    caption: str | None = None


def device_row(
    device: DeviceState, limits: ProfileLimits, now_us: int, record: DeviceRecord | None = None
) -> DeviceRow:
    """The row of a device at this moment, under the name that its owner gave it."""
    state, standing, short = standing_of(device, limits, now_us)
    time_told, time_brief = time_told_of(device, now_us)
    age = age_text(device.age_s(now_us))
    detail, brief = standing or age, short or age
    if time_told:
        template = QCoreApplication.translate("DevicesPanel", "{standing} · {time}")
        # A new arrival says nothing of an old reading, so its age is left out.
        known = standing or (age if device.clock_suspect else "")
        if state == "fallback":
            known = QCoreApplication.translate("DevicesPanel", "via API")
        detail = template.format(standing=known, time=time_told) if known else time_told
        wrong = state in ("warn", "error")
        brief = template.format(standing=short, time=time_brief) if wrong else time_brief
    index, band = _judgement(device)
    shown = DASH if index is None else str(index)
    publisher_id = plain(device.publisher_id)
    name = plain(record.name) if record is not None and record.name else publisher_id
    told = age_spoken(device.age_s(now_us)) if detail == age else detail
    spoken = [name, shown, band_word(band), told]
    if device.simulated:
        spoken.append(QCoreApplication.translate("DevicesPanel", "simulated"))
    hint = spoken if name == publisher_id else [name, publisher_id, *spoken[1:]]
    comma = QCoreApplication.translate("DevicesPanel", ", ")
    return DeviceRow(
        device.publisher_id,
        name,
        detail,
        brief,
        shown,
        band,
        band_word(band),
        state,
        device.simulated,
        comma.join(spoken),
        comma.join(hint),
    )


def _judgement(device: DeviceState) -> tuple[int | None, Band]:
    """Index and band, none of a probe that does not measure the soil."""
    if out_of_soil(device.analysis):
        return None, Band.UNKNOWN
    return device.analysis.index, device.analysis.band


class DeviceModel(QAbstractListModel):
    """The devices sorted by name, numbers in names by their value; where zones were entered,
    zone by zone. Hidden devices have no row, unless one is `kept` in view.

    Each row carries `device.row.<id>` under OBJECT_NAME_ROLE, its `state` under STATE_ROLE
    and its full text for screen readers.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sent: Sequence[DeviceState] = ()
        self._devices: list[DeviceState] = []
        self._hidden: list[str] = []
        self._rows: list[DeviceRow] = []
        self._now_us = 0
        self._limits: ProfileLimits = {}
        self._book = DeviceBook()
        self._corrections = Corrections()
        self._kept: str | None = None

    def set_limits(self, limits: ProfileLimits) -> None:
        """Takes the limits by which a value is low or high; rows change with the next call."""
        self._limits = limits

    def set_book(self, book: DeviceBook, corrections: Corrections, now_us: int) -> None:
        """Takes what people entered about their devices, and the calibrations that follow."""
        self._book, self._corrections = book, corrections
        self.set_devices(self._sent, now_us)

    def keep(self, publisher_id: str | None, now_us: int) -> None:
        """Shows this device although it is hidden: the window is looking at it."""
        if publisher_id != self._kept:
            self._kept = publisher_id
            if any(record.hidden for record in self._book.records.values()):
                self.set_devices(self._sent, now_us)

    def set_devices(self, devices: Sequence[DeviceState], now_us: int) -> None:
        """Replaces the devices; keeps rows, and so the selection, where ids are the same."""
        self._sent = devices
        ordered = _sorted(devices, self._book)
        self._hidden = [d.publisher_id for d in ordered if self._is_hidden(d.publisher_id)]
        shown = [device for device in ordered if device.publisher_id not in self._hidden]
        before = [device.publisher_id for device in self._devices]
        self._devices = [calibrated(device, self._corrections) for device in shown]
        if [device.publisher_id for device in shown] == before:
            self.refresh(now_us)
            return
        self.beginResetModel()
        self._rows = self._made_rows(now_us)
        self.endResetModel()

    def refresh(self, now_us: int) -> None:
        """Writes ages and states anew; only rows whose text changed are painted again."""
        for number, row in enumerate(self._made_rows(now_us)):
            if row != self._rows[number]:
                self._rows[number] = row
                at = self.index(number)
                self.dataChanged.emit(at, at)

    def _made_rows(self, now_us: int) -> list[DeviceRow]:
        rows = []
        self._now_us = now_us
        zoned, last = bool(self._book.zones()), None
        for device in self._devices:
            record = self._book.records.get(device.publisher_id)
            row = device_row(device, self._limits, now_us, record)
            zone = "" if record is None else record.zone
            if zoned and zone != last:
                last = zone
                without = QCoreApplication.translate("DevicesPanel", "Without a zone")
                row = replace(row, caption=plain(zone) or without)
            rows.append(row)
        return rows

    def _is_hidden(self, publisher_id: str) -> bool:
        record = self._book.records.get(publisher_id)
        return record is not None and record.hidden and publisher_id != self._kept

    def ids(self) -> list[str]:
        """All devices in the order of the list; hidden ones, which have no row, at the end."""
        return self.shown_ids() + self._hidden

    def shown_ids(self) -> list[str]:
        """The devices that have a row, by their rows."""
        return [device.publisher_id for device in self._devices]

    def row_of(self, publisher_id: str | None) -> int:
        """The number of a device's row, -1 where it has none."""
        ids = self.shown_ids()
        return ids.index(publisher_id) if publisher_id in ids else -1

    def movable(self, publisher_id: str, step: int) -> bool:
        """Whether the device can go so many places up (below 0) or down within its zone."""
        return self._swapped(publisher_id, step) is not None

    def is_placed(self, publisher_id: str) -> bool:
        """Whether somebody put the devices of its zone in order."""
        zone = self._zone_of(publisher_id)
        return any(one.position is not None and one.zone == zone for one in self._records())

    def moved(self, publisher_id: str, step: int) -> list[DeviceRecord]:
        """The records that change where a device goes one place up or down in its zone."""
        return self._placed(self._swapped(publisher_id, step) or [])

    def by_name(self, publisher_id: str) -> list[DeviceRecord]:
        """The records that change where the device's zone is in the order of names again."""
        zone = self._zone_of(publisher_id)
        return [
            structs.replace(one, position=None)
            for one in self._records()
            if one.position is not None and one.zone == zone
        ]

    def _swapped(self, publisher_id: str, step: int) -> list[str] | None:
        """All ids of the device's zone, it and the shown one beside it in changed places."""
        zone, shown = self._zone_of(publisher_id), self.shown_ids()
        ordered = [one.publisher_id for one in _sorted(self._sent, self._book)]
        group = [one for one in ordered if self._zone_of(one) == zone]
        seen = [one for one in group if one in shown]
        if publisher_id not in seen or not 0 <= seen.index(publisher_id) + step < len(seen):
            return None
        other = seen[seen.index(publisher_id) + step]
        changed = {publisher_id: other, other: publisher_id}
        return [changed.get(one, one) for one in group]

    def _placed(self, group: Sequence[str]) -> list[DeviceRecord]:
        """The records of these devices in this order, as far as they change."""
        wanted = [
            structs.replace(record_of(self._book, one), position=place)
            for place, one in enumerate(group)
        ]
        return [one for one in wanted if one != record_of(self._book, one.publisher_id)]

    def _records(self) -> list[DeviceRecord]:
        return list(self._book.records.values())

    def _zone_of(self, publisher_id: str) -> str:
        return record_of(self._book, publisher_id).zone

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return row.spoken
            case Qt.ItemDataRole.ToolTipRole:
                # A tool tip guesses whether it is rich text, and names come from outside.
                # Of the device itself it is told only here, where somebody asks.
                lines = device_lines(self._devices[index.row()], self._now_us)
                return f"<qt>{'<br>'.join(map(escape, [row.hint, *lines]))}</qt>"
            case _ if role == ROW_ROLE:
                return row
            case _ if role == OBJECT_NAME_ROLE:
                return f"device.row.{row.publisher_id}"
            case _ if role == STATE_ROLE:
                return row.state
        return None


def _sorted(devices: Sequence[DeviceState], book: DeviceBook) -> list[DeviceState]:
    """By zone, those without one last; then by the place given to a device; then by name."""
    locale = QLocale()
    if locale.language() == QLocale.Language.C:
        # The C locale has no collation of its own and cannot order numbers.
        locale = QLocale(QLocale.Language.English)
    collator = QCollator(locale)
    collator.setNumericMode(True)

    def record(device: DeviceState) -> DeviceRecord:
        return record_of(book, device.publisher_id)

    def position(device: DeviceState) -> float:
        given = record(device).position
        return inf if given is None else given

    # Sort keys of a collator cannot be compared inside a tuple.
    named = sorted(
        devices, key=lambda device: collator.sortKey(record(device).name or device.publisher_id)
    )
    placed = sorted(named, key=position)
    zoned = sorted(placed, key=lambda device: collator.sortKey(record(device).zone))
    return sorted(zoned, key=lambda device: not record(device).zone)
