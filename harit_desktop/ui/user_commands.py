"""What a click means: the engine's command, or a question first."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from harit_desktop.domain.clock import US_PER_DAY
from harit_desktop.domain.export import ExportRequest
from harit_desktop.domain.status import EngineStatus, LinkState, PublisherState
from harit_desktop.runtime.commands import (
    ApplySettings,
    ApproveChange,
    BackUpNow,
    Connect,
    DeleteSimulated,
    Disconnect,
    RetryNow,
    SaveDevice,
    StartDemo,
    StartPublisher,
    StopPublisher,
)
from harit_desktop.ui.message_banner import MessageBanner
from harit_desktop.ui.notices import Button, Notice, Question
from harit_desktop.ui.words import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harit_desktop.domain.api import ApiTest
    from harit_desktop.domain.device_book import DeviceRecord
    from harit_desktop.runtime.commands import Command
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.runtime.queries import QueryHandle
    from harit_desktop.settings.model import BrokerSettings

ASK_PUBLISH = "ask.publish"
ASK_DELETE = "ask.delete"

_PUBLISHING = (PublisherState.STARTING, PublisherState.RUNNING, PublisherState.UNCONFIRMED)


class UserCommands(QObject):
    """Turns what the user asks for into commands; questions appear in the banner."""

    def __init__(self, engine: Engine, banner: MessageBanner, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._banner = banner

    def toggle_publisher(self) -> None:
        """Stops a running publisher; starts one, after a question where others would hear it."""
        broker = self._engine.settings.broker
        if self._engine.snapshot().publisher.state in _PUBLISHING:
            self._engine.submit(StopPublisher())
        elif not self._engine.configured:
            self._engine.submit(StartDemo())
        elif broker.mode == "builtin":
            self._engine.submit(StartPublisher())
        else:
            self._banner.ask(self._publish_question(broker))

    def apply_settings(self, command: Command) -> None:
        """Sends changed settings. A question about the broker that was set until now is
        taken back: its answer must not count for another one."""
        self._banner.withdraw(ASK_PUBLISH)
        self._engine.submit(command)

    def start_demo(self) -> None:
        self._engine.submit(StartDemo())

    def toggle_connection(self) -> None:
        connected = self._engine.snapshot().link.state is not LinkState.OFF
        self._engine.submit(Disconnect() if connected else Connect())

    def retry(self) -> None:
        self._engine.submit(RetryNow())

    def back_up(self) -> None:
        """Makes a backup; the banner says how it goes."""
        self._engine.submit(BackUpNow())

    def approve_change(self) -> None:
        """Lets the server's database be changed as its status says."""
        self._engine.submit(ApproveChange())

    def count_older(self, days: int) -> QueryHandle[int]:
        """How many stored readings are older than so many days."""
        until_us = time.time_ns() // 1000 - days * US_PER_DAY
        return self._engine.jobs.count_export(
            ExportRequest(out=Path(), to_us=until_us, include_simulated=True)
        )

    def connect_to(self, changes: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """Keeps a broker's address and connects to it."""
        before = self._engine.settings.broker
        self.apply_settings(ApplySettings(changes=changes, secrets=secrets))
        own = {key: value for key, value in changes.items() if key.startswith("broker.")}
        same = all(getattr(before, key.removeprefix("broker.")) == own[key] for key in own)
        if same and not secrets:
            # Nothing changes, so the engine has no reason of its own to connect.
            self._engine.submit(Connect())

    def set_theme(self, scheme: str) -> None:
        self._engine.submit(ApplySettings(changes={"ui.theme": scheme}))

    def set_source(self, mode: str) -> None:
        """Chooses where readings come from: auto, api_only or mqtt_only."""
        self._engine.submit(ApplySettings(changes={"api.mode": mode}))

    def set_profile(self, profile: str) -> None:
        """Judges the readings that come from now on by another profile."""
        self._engine.submit(ApplySettings(changes={"analysis.profile": profile}))

    def test_api(self, changes: Mapping[str, Any], token: str | None) -> QueryHandle[ApiTest]:
        """Asks the API once, with settings that are not in force yet."""
        return self._engine.trials.test_api(changes, token)

    def save_devices(self, records: Sequence[DeviceRecord]) -> None:
        """Keeps what was changed about devices."""
        for record in records:
            self._engine.submit(SaveDevice(record))

    def delete_simulated(self) -> None:
        self._banner.ask(self._delete_question(self._engine.snapshot()))

    def _publish_to(self, broker: BrokerSettings) -> None:
        """Starts the publisher if the broker is still the one that was agreed to."""
        if self._engine.settings.broker == broker:
            self._engine.submit(StartPublisher())
        else:
            self.toggle_publisher()

    def _publish_question(self, broker: BrokerSettings) -> Question:
        notice = Notice(
            code=ASK_PUBLISH,
            subject="",
            severity="question",
            headline=self.tr("Send simulated readings to {host}:{port}?").format(
                host=plain(broker.host), port=broker.port
            ),
            body=self.tr(
                "It is not the built-in broker: everyone who listens there receives them, "
                "marked as simulated."
            ),
            buttons=(
                Button("no", self.tr("Cancel")),
                Button("yes", self.tr("Start anyway")),
            ),
        )
        return Question(notice, lambda: self._publish_to(broker))

    def _delete_question(self, status: EngineStatus) -> Question:
        rows = status.store.simulated_rows
        running = status.publisher.state in _PUBLISHING
        body = self.tr("They leave the database for good; readings of real sensors stay.")
        more = self.tr("The publisher is running and makes new ones.") if running else ""
        notice = Notice(
            code=ASK_DELETE,
            subject="",
            severity="question",
            headline=(
                self.tr("Delete 1 simulated reading?")
                if rows == 1
                else self.tr("Delete %Ln simulated readings?", "", rows)
            ),
            body=" ".join(sentence for sentence in (body, more) if sentence),
            buttons=(
                Button("no", self.tr("Cancel")),
                Button("yes", self.tr("Delete")),
            ),
        )
        return Question(notice, lambda: self._engine.submit(DeleteSimulated()))
