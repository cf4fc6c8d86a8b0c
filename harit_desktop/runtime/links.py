"""The connections: built-in broker, subscriber, publisher."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from harit_desktop.domain.channels import Values
from harit_desktop.domain.errors import Problem
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.status import (
    AnalysisPublishStatus,
    BuiltinBrokerStatus,
    LinkState,
    LinkStatus,
    PublisherStatus,
)
from harit_desktop.pipeline.inbox import Inbox
from harit_desktop.pipeline.pipeline import Pipeline
from harit_desktop.runtime.broker_keeper import BrokerKeeper
from harit_desktop.runtime.link_parts import (
    AnalysisPublisherPart,
    BrokerAddress,
    PublisherPart,
    SourcePart,
)
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.secrets import Secrets
from harit_desktop.settings.model import Settings

log = logging.getLogger(__name__)


STOP_S = 2.0
REPAIR_PAUSE_S = 10.0
# The publisher's first reading would find no subscriber while ours still connects.
FIRST_LINK_WAIT_S = 3.0


class Links:
    """Owns what is connected, and what is wanted to be.

    Used by the control thread, but for the status properties; `stop_*` also by the thread
    that ends the engine, once the control thread has ended.
    """

    def __init__(
        self,
        parts: Parts,
        inbox: Inbox,
        pipeline: Pipeline,
        stopping: threading.Event,
        last_values: Callable[[str], Values | None],
    ) -> None:
        self._parts = parts
        self._last_values = last_values
        self._inbox = inbox
        self._pipeline = pipeline
        self._stopping = stopping
        self._settings = Settings()
        self._secrets = Secrets()
        self._source: SourcePart | None = None
        self._publisher: PublisherPart | None = None
        self._analyses: AnalysisPublisherPart | None = None
        self._address: BrokerAddress | None = None
        self._source_wanted = False
        self._publisher_wanted = False
        self._repaired_at = 0.0
        self._broker = BrokerKeeper()

    # -- for any thread --------------------------------------------------------------

    def link_status(self) -> LinkStatus:
        source = self._source
        if source is not None:
            return source.status()
        waiting = self._source_wanted and self._subscribes
        return LinkStatus(state=LinkState.CONNECTING) if waiting else LinkStatus()

    def publisher_status(self) -> PublisherStatus:
        publisher = self._publisher
        return publisher.status() if publisher is not None else PublisherStatus()

    def analysis_status(self) -> AnalysisPublishStatus:
        analyses = self._analyses
        return analyses.status() if analyses is not None else AnalysisPublishStatus()

    def broker_status(self) -> BuiltinBrokerStatus:
        return self._broker.status

    @property
    def connection_wanted(self) -> bool:
        """Whether the subscription is to be kept up."""
        return self._source_wanted

    @property
    def problem(self) -> Problem | None:
        """Why the built-in broker does not run although it is wanted."""
        return self._broker.problem

    def interrupt(self) -> None:
        """Makes what is under way give up, because everything ends now."""
        self._broker.interrupt()

    @property
    def _subscribes(self) -> bool:
        """Whether readings are wanted from the broker at all."""
        return self._settings.api.mode != "api_only"

    # -- for the control thread ------------------------------------------------------

    def connect(self, settings: Settings, secrets: Secrets) -> None:
        """Subscribes as the settings say; a publisher that runs moves to the same broker."""
        self.stop_source(STOP_S)
        self._settings, self._secrets = settings, secrets
        self._source_wanted = True
        before, self._address = self._address, self._find_broker()
        if self._address is None:
            self.stop_publisher(STOP_S, still_wanted=True)
            return
        self._open_source(self._address)
        if self._publisher_wanted and self._address != before:
            self._open_publisher(self._address)

    def disconnect(self) -> None:
        """Ends the subscription; the broker keeps the session."""
        self.stop_source(STOP_S)
        self._source_wanted = False

    def start_publisher(self, settings: Settings, secrets: Secrets) -> None:
        """Starts the simulated sensors towards the subscriber's broker."""
        self._publisher_wanted = True
        self._settings, self._secrets = settings, secrets
        if self._address is None or not self._source_wanted:
            self.connect(settings, secrets)
        if self._address is not None:
            self._open_publisher(self._address)

    def use_analysis(self, settings: Settings) -> None:
        """Publishes our analyses, or no longer, as the settings say."""
        self._settings = settings
        if self._source is not None and self._address is not None:
            self._open_analyses(self._address)

    def retry_now(self) -> None:
        """Tries the broker at once instead of waiting for the back-off."""
        for part in (self._source, self._publisher, self._analyses):
            if part is not None:
                part.retry_now()

    def tick(self) -> None:
        """Once a second: starts again what ended by itself."""
        address = self._broker.tick()
        if address is not None and (address != self._address or self._source is None):
            self._address = address
            if self._source_wanted:
                self._open_source(address)
            if self._publisher_wanted:
                self._open_publisher(address)
        self._repair()

    def stop_source(self, deadline_s: float) -> bool:
        """False when the connection's thread outlived the deadline."""
        source, self._source = self._source, None
        self._pipeline.use_acknowledger(None)
        clean = self._stop_analyses(deadline_s / 2)
        return (source is None or source.stop(deadline_s)) and clean

    def stop_publisher(self, deadline_s: float, *, still_wanted: bool = False) -> bool:
        """False when the publisher's threads outlived the deadline."""
        self._publisher_wanted = still_wanted and self._publisher_wanted
        publisher, self._publisher = self._publisher, None
        return publisher is None or publisher.stop(deadline_s)

    def stop_broker(self, deadline_s: float) -> None:
        self._broker.stop(deadline_s)

    def _find_broker(self) -> BrokerAddress | None:
        settings = self._settings
        if settings.broker.mode == "external":
            self._broker.stop(STOP_S)
            broker = settings.broker
            return BrokerAddress(broker.host, broker.port, broker.protocol)
        password = self._secrets.broker_password
        return self._broker.start(
            settings.builtin_broker, lambda: self._parts.broker(settings, password), password
        )

    def _open_source(self, address: BrokerAddress) -> None:
        self.stop_source(STOP_S)
        if self._stopping.is_set() or not self._subscribes:
            return
        source = self._parts.source(
            self._settings, address, self._secrets.broker_password, self._deliver
        )
        self._pipeline.use_acknowledger(source)
        self._source = source
        source.start()
        self._open_analyses(address)

    def _open_analyses(self, address: BrokerAddress) -> None:
        self._stop_analyses(STOP_S)
        if self._stopping.is_set():
            return
        analyses = self._parts.analysis_publisher(
            self._settings, address, self._secrets.broker_password
        )
        if analyses is not None:
            self._analyses = analyses
            analyses.start()
            self._pipeline.use_outlet(analyses)

    def _stop_analyses(self, deadline_s: float) -> bool:
        self._pipeline.use_outlet(None)
        analyses, self._analyses = self._analyses, None
        return analyses is None or analyses.stop(deadline_s)

    def _open_publisher(self, address: BrokerAddress) -> None:
        self.stop_publisher(STOP_S, still_wanted=True)
        self._wait_for_link()
        if self._stopping.is_set():
            return
        publisher = self._parts.publisher(
            self._settings,
            address,
            self._secrets.broker_password,
            self._last_values,
            self._secrets.api_token,
            self._deliver,
        )
        self._publisher = publisher
        publisher.start()

    def _deliver(self, message: RawMessage) -> None:
        self._inbox.put(message)

    def _wait_for_link(self) -> None:
        ends = time.monotonic() + FIRST_LINK_WAIT_S
        while self.link_status().state is LinkState.CONNECTING and time.monotonic() < ends:
            if self._stopping.wait(0.02):
                return

    def _repair(self) -> None:
        """Builds anew what a fault has stopped, not more often than every few seconds."""
        address, source, publisher = self._address, self._source, self._publisher
        if address is None or time.monotonic() - self._repaired_at < REPAIR_PAUSE_S:
            return
        if source is None and self._source_wanted and self._subscribes:
            # The command that should have opened it failed.
            self._repaired_at = time.monotonic()
            self._open_source(address)
        elif source is not None and (self._inbox.take_overflow() or not source.healthy()):
            log.warning("the subscriber's connection is built anew")
            self._repaired_at = time.monotonic()
            self._open_source(address)
        if self._analyses is not None and not self._analyses.healthy():
            log.warning("the publisher of analyses is built anew")
            self._repaired_at = time.monotonic()
            self._open_analyses(address)
        if publisher is not None and not publisher.healthy():
            log.warning("the publisher is built anew")
            self._repaired_at = time.monotonic()
            self._open_publisher(address)
