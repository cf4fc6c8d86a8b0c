"""When to try a broker again, and with which version of the protocol."""

import random
import time
from collections import deque

from harit_desktop.transport.endpoint import ProtocolSetting
from harit_desktop.transport.mqtt_client import CONNECT_TIMEOUT_S, ProtocolVersion

REFUSED_PAUSE_S = 60.0
PROBE_TIMEOUT_S = 3.0
_MAX_PAUSE_S = 60.0
_PATIENCE = 5
_STABLE_S = 10.0
_KICKS = 3
_KICK_WINDOW_S = 30.0


class BackOff:
    """Pauses of 1, 2, 4 ... 60 s, each shortened by up to a quarter at random.

    The random part keeps many clients from coming back to a restarted broker at once.
    """

    def __init__(self) -> None:
        self._failures = 0

    def next_pause_s(self) -> float:
        pause_s = min(_MAX_PAUSE_S, 2.0 ** min(self._failures, 10))
        self._failures += 1
        return pause_s * random.uniform(0.75, 1.0)

    def connection_lasted(self, lasted_s: float) -> None:
        """Starts over after a stable connection; a broker that drops us at once is no success."""
        if lasted_s >= _STABLE_S:
            self.reset()

    def reset(self) -> None:
        self._failures = 0


class ProtocolChoice:
    """MQTT 5 first, 3.1.1 where the broker does not speak it; remembers what worked.

    Some brokers refuse an MQTT 5 CONNECT, some close the connection and some never
    answer it, so an unanswered attempt counts as "does not speak it" too. A version that
    worked before is given up only when refused or after several silent attempts: a
    broker that hangs for a moment must not cost us the wide window of MQTT 5.
    """

    def __init__(self, setting: ProtocolSetting) -> None:
        self._auto = setting == "auto"
        self._proven: ProtocolVersion | None = None
        self._unanswered = 0
        self.version: ProtocolVersion = "3.1.1" if setting == "3.1.1" else "5"

    @property
    def answer_timeout_s(self) -> float:
        """How long to wait for the broker's answer to CONNECT."""
        probing = self._auto and self.version == "5" and self._proven is None
        return PROBE_TIMEOUT_S if probing else CONNECT_TIMEOUT_S

    def worked(self) -> None:
        self._proven, self._unanswered = self.version, 0

    def unreachable(self) -> None:
        """The attempt told nothing about the version: start from what is known."""
        if self._auto:
            self.version = self._proven or "5"

    def not_spoken(self, *, refused: bool) -> bool:
        """No CONNACK, or one that refuses the version.

        True when the other version should be tried without a pause.
        """
        if not self._auto:
            return False
        self._unanswered += 1
        patient = self._proven == self.version and self._unanswered < _PATIENCE
        if patient and not refused:
            return False
        self._unanswered = 0
        self.version = "3.1.1" if self.version == "5" else "5"
        return self.version == "3.1.1"


class KickCounter:
    """Notices that another program uses our client id: a broker lets only one stay.

    MQTT 5 has a reason code for it that not every broker sends, and 3.1.1 has none. What
    shows is a broker that takes us, knows our session, and closes the connection in good
    order soon after, several times in a row. One such end means nothing. Once two clients
    were seen to fight, each further such end counts at once, so that we step in only once
    a pause until a connection lasts.
    """

    def __init__(self) -> None:
        self._ends_s: deque[float] = deque(maxlen=_KICKS)
        self._fighting = False

    def ended(self, *, orderly: bool, session_present: bool, lasted_s: float) -> bool:
        """Judges the end of an accepted connection; True when two clients fight."""
        if not orderly or not session_present or lasted_s > _STABLE_S:
            self.clear()
        if orderly:
            self._ends_s.append(time.monotonic())
        several = len(self._ends_s) == _KICKS
        if several and self._ends_s[-1] - self._ends_s[0] <= _KICK_WINDOW_S:
            self._fighting = True
        return self._fighting and orderly

    def clear(self) -> None:
        self._ends_s.clear()
        self._fighting = False
