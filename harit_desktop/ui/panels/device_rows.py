"""What the device list says about each device, and the model that holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QCollator,
    QCoreApplication,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)

from harit_desktop.domain.analysis import Band, Flag
from harit_desktop.domain.channels import CHANNELS
from harit_desktop.domain.device import DeviceState
from harit_desktop.ui.words import (
    DASH,
    age_spoken,
    age_text,
    band_word,
    channel_short_name,
    duration_text,
    factor_name,
    moment_text,
    plain,
)

_NO_PARENT = QModelIndex()

Limits = Mapping[str, tuple[float, float, float, float]]
"""Optimal low and high, alarm low and high by channel key."""

ROW_ROLE = Qt.ItemDataRole.UserRole
OBJECT_NAME_ROLE = Qt.ItemDataRole.UserRole + 1
STATE_ROLE = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True)
class DeviceRow:
    """The texts of one row. `state` is live, stale or error; `spoken` says all of it."""

    publisher_id: str
    name: str
    detail: str
    index: str
    band: Band
    band_shown: str
    state: str
    simulated: bool
    spoken: str


def device_row(device: DeviceState, limits: Limits, now_us: int) -> DeviceRow:
    """The row of a device at this moment."""
    age_s = device.age_s(now_us)
    reason = _alarm(device, limits)
    if device.is_stale(now_us):
        state = "stale"
        detail = QCoreApplication.translate("DevicesPanel", "silent for {duration}").format(
            duration=duration_text(age_s)
        )
    elif reason:
        state, detail = "error", reason
    elif device.arrived_late():
        state = "live"
        detail = QCoreApplication.translate("DevicesPanel", "measured {moment}").format(
            moment=moment_text(device.timestamp_us, now_us)
        )
    else:
        state, detail = "live", age_text(age_s)
    index, band = device.analysis.index, device.analysis.band
    shown = DASH if index is None else str(index)
    name = plain(device.publisher_id)
    spoken = [
        name,
        shown,
        band_word(band),
        age_spoken(age_s) if detail == age_text(age_s) else detail,
    ]
    if device.simulated:
        spoken.append(QCoreApplication.translate("DevicesPanel", "simulated"))
    return DeviceRow(
        device.publisher_id,
        name,
        detail,
        shown,
        band,
        band_word(band),
        state,
        device.simulated,
        QCoreApplication.translate("DevicesPanel", ", ").join(spoken),
    )


def _alarm(device: DeviceState, limits: Limits) -> str:
    """The first value that is impossible or beyond its alarm limits, in words; else "".

    Without limits the analysis of the reading has to do, which knows no direction.
    """
    tr = QCoreApplication.translate
    for channel, value, flag in zip(CHANNELS, device.values, device.analysis.flags, strict=False):
        if value is None:
            continue
        name = channel_short_name(channel.key)
        if flag == Flag.FAIL:
            return tr("DevicesPanel", "{channel} impossible").format(channel=name)
        _, _, low, high = limits.get(channel.key, (0.0, 0.0, value, value))
        if value < low:
            return tr("DevicesPanel", "{channel} low").format(channel=name)
        if value > high:
            return tr("DevicesPanel", "{channel} high").format(channel=name)
    factors = device.analysis.critical_factors
    if limits or not device.analysis.is_anomalous or not factors:
        return ""
    return tr("DevicesPanel", "{channel} out of range").format(channel=factor_name(factors[0]))


class DeviceModel(QAbstractListModel):
    """The devices sorted by name, numbers in names by their value.

    Each row carries `device.row.<id>` under OBJECT_NAME_ROLE, its `state` under STATE_ROLE
    and its full text for screen readers.
    """

    def __init__(self) -> None:
        super().__init__()
        self._devices: list[DeviceState] = []
        self._rows: list[DeviceRow] = []
        self._limits: Limits = {}

    def set_limits(self, limits: Limits) -> None:
        """Takes the limits by which a value is low or high; rows change with the next call."""
        self._limits = limits

    def set_devices(self, devices: Sequence[DeviceState], now_us: int) -> None:
        """Replaces the devices; keeps rows, and so the selection, where ids are the same."""
        ordered = _sorted(devices)
        before = [device.publisher_id for device in self._devices]
        if [device.publisher_id for device in ordered] == before:
            self._devices = ordered
            self.refresh(now_us)
            return
        self.beginResetModel()
        self._devices = ordered
        self._rows = [device_row(device, self._limits, now_us) for device in ordered]
        self.endResetModel()

    def refresh(self, now_us: int) -> None:
        """Writes ages and states anew; only rows whose text changed are painted again."""
        for number, device in enumerate(self._devices):
            row = device_row(device, self._limits, now_us)
            if row != self._rows[number]:
                self._rows[number] = row
                at = self.index(number)
                self.dataChanged.emit(at, at)

    def ids(self) -> list[str]:
        return [device.publisher_id for device in self._devices]

    def row_of(self, publisher_id: str | None) -> int:
        """The number of a device's row, -1 where it has none."""
        ids = self.ids()
        return ids.index(publisher_id) if publisher_id in ids else -1

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
            case _ if role == ROW_ROLE:
                return row
            case _ if role == OBJECT_NAME_ROLE:
                return f"device.row.{row.publisher_id}"
            case _ if role == STATE_ROLE:
                return row.state
        return None


def _sorted(devices: Sequence[DeviceState]) -> list[DeviceState]:
    locale = QLocale()
    if locale.language() == QLocale.Language.C:
        # The C locale has no collation of its own and cannot order numbers.
        locale = QLocale(QLocale.Language.English)
    collator = QCollator(locale)
    collator.setNumericMode(True)
    return sorted(devices, key=lambda device: collator.sortKey(device.publisher_id))
