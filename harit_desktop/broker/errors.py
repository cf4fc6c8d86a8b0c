"""What can go wrong with the built-in broker, as the program's own process sees it."""

from __future__ import annotations

from harit_desktop.domain.errors import KnownError


class BrokerError(KnownError):
    """The built-in broker did not start.

    Codes, all with `host`, `port` (the asked one) and `detail` (English, for the log):
    `builtin_broker.port_busy` (also `last_port`), `.port_taken` (on the network, where no
    other port is tried), `.network_consent` (a listener beyond loopback that nobody agreed
    to), `.no_password` and `.bad_username` (there it needs a login), `.bad_address`,
    `.engine_missing`, `.engine_failed`, `.crashed`, `.exited` (also `exit_code`), `.folder`,
    `.bad_arguments`, `.start_timeout`, `.not_started` and `.stopped` (stop() was called
    while the start was under way).
    """
