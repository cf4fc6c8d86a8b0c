"""What speaks HTTP: reads a remote API, posts to it, and serves our own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.status import (
    ApiForwardStatus,
    ApiState,
    ApiStatus,
    ForwardState,
    LinkStatus,
    LocalApiState,
    LocalApiStatus,
)
from harit_desktop.pipeline.answers import Answers
from harit_desktop.runtime.link_parts import ApiForwardPart, ApiSourcePart, LocalApiPart
from harit_desktop.runtime.parts import Parts
from harit_desktop.runtime.secrets import Secrets
from harit_desktop.runtime.store_parts import HistoryPart
from harit_desktop.settings.model import Settings

log = logging.getLogger(__name__)

STOP_S = 1.0


class _Stoppable(Protocol):
    def start(self) -> None: ...
    def stop(self, deadline_s: float) -> bool: ...
    def healthy(self) -> bool: ...


_Part = TypeVar("_Part", bound=_Stoppable)


class ApiKeeper:
    """Owns the parts that the settings `api.*` and `local_api.*` choose.

    `use`, `tick` and `stop_*` belong to the control thread and to the one that ends the
    engine; the rest may be called from any thread.
    """

    def __init__(
        self,
        parts: Parts,
        deliver: Callable[[RawMessage], bool],
        answers: Answers,
        link_status: Callable[[], LinkStatus],
        newest_us: Callable[[], int | None],
        history: Callable[[], HistoryPart],
    ) -> None:
        self._parts = parts
        self._deliver = deliver
        self._answers = answers
        self._link_status = link_status
        self._newest_us = newest_us
        self._history = history
        self._settings = Settings()
        self._secrets = Secrets()
        self._wanted = False
        self._source: ApiSourcePart | None = None
        self._forward: ApiForwardPart | None = None
        self._local: LocalApiPart | None = None
        self._refusals: dict[str, Problem] = {}

    # -- for any thread --------------------------------------------------------------

    def api_status(self) -> ApiStatus:
        source, refusal = self._source, self._refusals.get("source")
        if source is not None:
            return source.status()
        return ApiStatus(ApiState.REFUSED, problem=refusal) if refusal else ApiStatus()

    def forward_status(self) -> ApiForwardStatus:
        forward, refusal = self._forward, self._refusals.get("forward")
        if forward is not None:
            return forward.status()
        if refusal is None:
            return ApiForwardStatus()
        return ApiForwardStatus(ForwardState.REFUSED, problem=refusal)

    def local_status(self) -> LocalApiStatus:
        local, refusal = self._local, self._refusals.get("local")
        if local is not None:
            return local.status()
        if refusal is None:
            return LocalApiStatus()
        chosen = self._settings.local_api
        return LocalApiStatus(LocalApiState.FAILED, chosen.host, chosen.port, problem=refusal)

    @property
    def problems(self) -> tuple[Problem | None, ...]:
        """What a person should know that the state of the connection does not say."""
        found = [self.forward_status().problem, self.local_status().problem]
        api = self.api_status()
        if api.state is ApiState.REFUSED or (api.needed and api.problem is not None):
            found.append(api.problem)
        return tuple(found)

    def committed(self) -> None:
        """The journal holds more readings."""
        forward = self._forward
        if forward is not None:
            forward.wake()

    # -- for the control thread ------------------------------------------------------

    def use(self, settings: Settings, secrets: Secrets) -> None:
        """Builds all of it as the settings say; a remote API is read once `connect` says so."""
        self._settings, self._secrets = settings, secrets
        self._use_source()
        self._use_forward()
        self._use_local()

    def connect(self, *, wanted: bool) -> None:
        """Reads the remote API (while the broker is away), or no more."""
        if wanted != self._wanted:
            self._wanted = wanted
            self._use_source()

    def retry_now(self) -> None:
        for part in (self._source, self._forward):
            if part is not None:
                part.retry_now()

    def tick(self) -> None:
        """Once a second: builds anew what a fault has ended."""
        for name, part, build in (
            ("the API's reader", self._source, self._use_source),
            ("the API's forwarder", self._forward, self._use_forward),
            ("our own API", self._local, self._use_local),
        ):
            if part is not None and not part.healthy():
                log.warning("%s is built anew", name)
                build()

    def stop_intake(self, deadline_s: float) -> bool:
        """Ends what brings readings in."""
        source, self._source = self._source, None
        local, self._local = self._local, None
        ended = [part.stop(deadline_s / 2) for part in (local, source) if part is not None]
        return all(ended)

    def stop_forward(self, deadline_s: float) -> bool:
        forward, self._forward = self._forward, None
        return forward is None or forward.stop(deadline_s)

    def _use_source(self) -> None:
        old, self._source = self._source, None
        if old is not None:
            old.stop(STOP_S)
        if self._wanted:
            self._source = self._start(
                "source",
                lambda: self._parts.api_source(
                    self._settings,
                    self._secrets.api_token,
                    self._deliver,
                    self._link_status,
                    self._newest_us,
                ),
            )

    def _use_forward(self) -> None:
        self.stop_forward(STOP_S)
        secrets = self._secrets
        self._forward = self._start(
            "forward",
            lambda: self._parts.api_forward(
                self._settings, secrets.api_token, secrets.store_password
            ),
        )
        if self._forward is not None:
            self._forward.wake()

    def _use_local(self) -> None:
        old, self._local = self._local, None
        if old is not None:
            old.stop(STOP_S)
        self._local = self._start(
            "local",
            lambda: self._parts.local_api(
                self._settings,
                self._secrets.local_api_token,
                self._deliver,
                self._answers,
                self._history,
            ),
        )

    def _start(self, name: str, build: Callable[[], _Part | None]) -> _Part | None:
        """Builds and starts a part; what makes that impossible is kept to be shown."""
        self._refusals.pop(name, None)
        try:
            part = build()
        except KnownError as error:
            log.warning("%s: %s", name, error)
            self._refusals[name] = error.problem
            return None
        if part is not None:
            part.start()
        return part
