"""A farm whose clock and probes do as the test says."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from harit_desktop.alerting.manager import AlertManager
from harit_desktop.alerting.readings import Correct
from harit_desktop.alerting.rules import AlarmLimits
from harit_desktop.alerting.teller import Telling
from harit_desktop.alerting.telling import QuietHours
from harit_desktop.domain.alert import Alert, AlertChange, AlertRule
from harit_desktop.domain.analysis import Analysis, Band, Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX, Values
from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.quality import Change, QualityEvent
from harit_desktop.domain.reading import AnalysedReading, Reading, Source, TimeSource
from harit_desktop.domain.status import EngineStatus, LinkState, LinkStatus, StoreState, StoreStatus

NOON_US = 1_764_000_000 * US_PER_S
USUAL: Values = (22.5, 17.8, 152.3, 498.2, 22.1, 54.8, 7.18)
LIMITS: AlarmLimits = {
    "Moisture": (20.0, 80.0),
    "pH": (5.5, 8.0),
    "Temperature": (5.0, 40.0),
    "CO2": (None, 4000.0),
}
MOISTURE = AlertRule(id="moisture", channel="Moisture")
CONNECTED = EngineStatus(
    link=LinkStatus(state=LinkState.CONNECTED, host="farm-hub", port=1883),
    store=StoreStatus(state=StoreState.OK, opened=True),
)


def reading_at(
    at_us: int,
    publisher_id: str = "probe",
    *,
    flag: Flag = Flag.PASS,
    source: Source = Source.MQTT,
    **values: float | None,
) -> AnalysedReading:
    changed = list(USUAL)
    for channel, value in values.items():
        changed[CHANNEL_INDEX[channel]] = value
    reading = Reading(
        publisher_id=publisher_id,
        timestamp_us=at_us,
        received_us=at_us,
        values=tuple(changed),
        source=source,
        time_source=TimeSource.SENT,
    )
    flags = (int(flag),) * CHANNEL_COUNT
    analysis = Analysis(70, Band.GOOD, False, 0.0, (), flags, "classic")
    return AnalysedReading(reading, analysis, b"key")


def event_at(
    at_us: int,
    kind: str = "frozen",
    change: Change = Change.RAISED,
    publisher_id: str = "probe",
    channels: tuple[str, ...] = ("Moisture",),
    flag: Flag = Flag.FAIL,
) -> QualityEvent:
    return QualityEvent(
        publisher_id=publisher_id,
        kind=kind,
        code=f"{kind}.code",
        change=change,
        first_us=at_us,
        onset_us=at_us,
        at_us=at_us,
        count=1,
        flag=flag,
        channels=channels,
        value=float("nan"),
        limit=3.0,
    )


class Farm:
    """Steps the manager through time as the program does: readings, then a look a second."""

    def __init__(
        self,
        *rules: AlertRule,
        quiet: QuietHours | None = None,
        limits: AlarmLimits = LIMITS,
        before: Farm | None = None,
    ) -> None:
        self.now_us = before.now_us if before else NOON_US
        self.stored: dict[int, Alert] = dict(before.stored) if before else {}
        self.log: list[tuple[int, AlertChange, str]] = list(before.log) if before else []
        self.told: list[Telling] = []
        self.status = CONNECTED
        self.devices: dict[str, DeviceState] = dict(before.devices) if before else {}
        open_alerts = [one for one in self.stored.values() if one.state.value != "ended"]
        mutes = {
            (one.rule_id, one.publisher_id): one.muted_until_us
            for one in self.stored.values()
            if one.muted_until_us is not None and one.muted_until_us > self.now_us
        }
        next_id = max(self.stored, default=0) + 1
        self.manager = AlertManager(open_alerts, next_id, mutes)
        self.use(*rules, quiet=quiet, limits=limits)

    def use(
        self,
        *rules: AlertRule,
        quiet: QuietHours | None = None,
        limits: AlarmLimits = LIMITS,
        correct: Correct = lambda publisher_id, values, at_us: values,
    ) -> None:
        self.manager.use(rules, limits, correct, quiet or QuietHours(), self.now_us)
        self._keep()

    def look(self, seconds: float = 0.0) -> None:
        self.now_us += int(seconds * US_PER_S)
        self.manager.look(self.status, list(self.devices.values()), self.now_us)
        self._keep()

    def wait(self, seconds: int, step: int = 1) -> None:
        for _ in range(0, seconds, step):
            self.look(step)

    def feed(self, *items: AnalysedReading) -> None:
        self.manager.feed(items, self.now_us)
        for item in items:
            reading = item.reading
            self.hear(reading.publisher_id, at_us=reading.timestamp_us)
        self.look()

    def report(
        self, publisher_id: str = "probe", minutes: int = 1, step_s: int = 60, **values: float
    ) -> None:
        """A reading every `step_s` seconds for so many minutes."""
        for _ in range(max(1, minutes * 60 // step_s)):
            self.now_us += step_s * US_PER_S
            self.feed(reading_at(self.now_us, publisher_id, **values))

    def hear(
        self,
        publisher_id: str,
        *,
        at_us: int | None = None,
        interval_s: float | None = 60.0,
        simulated: bool = False,
        clock_suspect: bool = False,
    ) -> None:
        self.devices[publisher_id] = DeviceState(
            publisher_id=publisher_id,
            timestamp_us=self.now_us if at_us is None else at_us,
            received_us=self.now_us,
            values=USUAL,
            analysis=reading_at(0).analysis,
            simulated=simulated,
            topic="t",
            interval_s=interval_s,
            stored_readings=1,
            clock_suspect=clock_suspect,
        )

    def link(self, state: LinkState, **changes: object) -> None:
        link = replace(self.status.link, state=state, **{"problem": None, **changes})
        self.status = replace(self.status, link=link)

    @property
    def active(self) -> list[Alert]:
        return [one for one in self.stored.values() if one.ended_us is None]

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.active]

    @property
    def said(self) -> list[tuple[str, bool]]:
        return [(one.alert.code, one.ended) for one in self.told]

    def banner(self) -> Alert | None:
        return self.manager.board(self.now_us).telling

    def changes(self, alert_id: int) -> Sequence[AlertChange]:
        return [change for one, change, _ in self.log if one == alert_id]

    def _keep(self) -> None:
        for alert, transition in self.manager.take_events(self.now_us, everything=True):
            self.stored[alert.id] = alert
            if transition is not None:
                self.log.append((transition.alert_id, transition.change, transition.person))
        self.told += self.manager.take_tellings()
