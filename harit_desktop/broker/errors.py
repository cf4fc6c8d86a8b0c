"""What can go wrong with the built-in broker, as the program's own process sees it."""

from __future__ import annotations

from harit_desktop.domain.errors import KnownError


class BrokerError(KnownError):
    """The built-in broker did not start.

    Codes, all with `host`, `port` (the asked one) and `detail` (English, for the log):
    `builtin_broker.port_busy` (also `last_port`), `.engine_missing`, `.engine_failed`,
    `.crashed`, `.exited` (also `exit_code`), `.folder`, `.not_loopback`,
    `.bad_arguments`, `.start_timeout`, `.not_started` and `.stopped` (stop() was called
    while the start was under way).
    """
