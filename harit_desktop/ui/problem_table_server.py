"""Words for what goes wrong with the database server that the readings are sent to.

Readings are always stored on this computer first, so that none of this loses one; where
`spools` is set, the text says so, with the room that is left.
"""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_TRY = ("retry", "storage_settings")
_SETTINGS = ("storage_settings", "retry")


def _waits(headline: str, advice: str) -> Entry:
    """The server may come back by itself."""
    return Entry("warn", headline, "", advice, _TRY, retries=True, spools=True)


def _needs_you(headline: str, advice: str) -> Entry:
    """Only a person can mend it."""
    return Entry("crit", headline, "", advice, _SETTINGS, retries=True, spools=True)


_REACHING: dict[str, Entry] = {
    "server.unreachable": _waits(
        QT_TRANSLATE_NOOP("Problems", "MySQL at {host}:{port} does not answer."),
        QT_TRANSLATE_NOOP("Problems", "Check that the server is on and the network works."),
    ),
    "server.dns": _waits(
        QT_TRANSLATE_NOOP("Problems", 'No computer named "{host}" was found for MySQL.'),
        QT_TRANSLATE_NOOP("Problems", "Check the host name, or use its IP address."),
    ),
    "server.silent": _waits(
        QT_TRANSLATE_NOOP("Problems", "MySQL at {host} has not answered for {seconds} s."),
        QT_TRANSLATE_NOOP("Problems", "Check whether the server is overloaded or frozen."),
    ),
    "server.silent:paused": _waits(
        QT_TRANSLATE_NOOP("Problems", "MySQL at {host} takes too long to answer."),
        QT_TRANSLATE_NOOP("Problems", "Check whether the server is overloaded or frozen."),
    ),
    "server.lost": _waits(
        QT_TRANSLATE_NOOP("Problems", "The connection to MySQL at {host} was lost at {time}."),
        QT_TRANSLATE_NOOP("Problems", "Check that the server is on and the network works."),
    ),
    "server.too_many_connections": _waits(
        QT_TRANSLATE_NOOP("Problems", "MySQL at {host} has no connection left for this program."),
        QT_TRANSLATE_NOOP("Problems", "Ask its owner to raise max_connections."),
    ),
    "server.locked": _waits(
        QT_TRANSLATE_NOOP("Problems", "Another program holds the tables in MySQL."),
        QT_TRANSLATE_NOOP("Problems", "If it stays so, look for what locks {database}."),
    ),
    "server.full": _waits(
        QT_TRANSLATE_NOOP("Problems", "The disk of the MySQL server is full."),
        QT_TRANSLATE_NOOP("Problems", "Ask its owner to free some space."),
    ),
    "server.read_only": _waits(
        QT_TRANSLATE_NOOP("Problems", "MySQL at {host} takes no new data now (read-only)."),
        QT_TRANSLATE_NOOP("Problems", "Ask its owner, or choose the server that takes data."),
    ),
    "server.table_missing": _waits(
        QT_TRANSLATE_NOOP("Problems", "The table {table} is missing in {database}."),
        QT_TRANSLATE_NOOP("Problems", "Ask the database's owner what became of it."),
    ),
    "server.failed": _waits(
        QT_TRANSLATE_NOOP("Problems", "MySQL reported an error: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "If it stays so, copy the details for its owner."),
    ),
}

_LOGIN: dict[str, Entry] = {
    "server.auth": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "MySQL refused the user name or password."),
        QT_TRANSLATE_NOOP("Problems", "Enter them again, or ask the database's owner."),
    ),
    "server.auth_or_tls": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "MySQL refused this login without encryption."),
        QT_TRANSLATE_NOOP(
            "Problems", "Enter name and password again. If they are right, switch TLS on."
        ),
    ),
    "server.auth:no": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "No password is known for {user}."),
        QT_TRANSLATE_NOOP("Problems", "Enter it in Storage settings."),
    ),
    "server.no_credentials": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "MySQL at {host} needs a user name."),
        QT_TRANSLATE_NOOP("Problems", "Enter user name and password."),
    ),
    "server.no_database": _needs_you(
        QT_TRANSLATE_NOOP("Problems", 'MySQL has no database named "{database}".'),
        QT_TRANSLATE_NOOP("Problems", "Check the name, or ask the server's owner to make it."),
    ),
    "server.permission": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "This user may not do in {database} what is needed."),
        QT_TRANSLATE_NOOP("Problems", "Ask the owner for the right that Details name."),
    ),
    "server.plain_password": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "MySQL at {host} asked for the password unencrypted."),
        QT_TRANSLATE_NOOP(
            "Problems", "It was not sent. Check that this is the right server, or ask its owner."
        ),
    ),
    "server.version": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The database server is too old: {version}."),
        QT_TRANSLATE_NOOP("Problems", "Ask its owner for a newer one."),
    ),
    "server.newer_version": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "A newer Harit Desktop keeps its readings in {database}."),
        QT_TRANSLATE_NOOP("Problems", "Install the newer program, or choose another database."),
    ),
    "server.tls": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "No secure connection to MySQL at {host} came about."),
        QT_TRANSLATE_NOOP("Problems", "Check the TLS settings, or ask the server's owner."),
    ),
    "server.tls:untrusted": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The certificate of MySQL at {host} is not trusted."),
        QT_TRANSLATE_NOOP("Problems", "Choose the CA file of the server's owner."),
    ),
    "server.tls:expired": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The certificate of MySQL at {host} has expired."),
        QT_TRANSLATE_NOOP(
            "Problems", "Check this computer's clock, then ask the server's owner to renew it."
        ),
    ),
    "server.tls:not_yet_valid": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The certificate of MySQL at {host} is not valid yet."),
        QT_TRANSLATE_NOOP("Problems", "Check the date and time of this computer."),
    ),
    "server.tls:hostname": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The MySQL certificate is for another name than {host}."),
        QT_TRANSLATE_NOOP("Problems", "Use the name in the certificate as the host."),
    ),
    "server.tls:not_tls": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "MySQL at {host} offers no secure connection."),
        QT_TRANSLATE_NOOP("Problems", "Ask its owner to switch TLS on."),
    ),
    "server.tls:required": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "MySQL at {host} takes only secure connections."),
        QT_TRANSLATE_NOOP("Problems", "Switch TLS on in the settings."),
    ),
    "server.tls:ca_file": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The CA file for MySQL cannot be used."),
        QT_TRANSLATE_NOOP("Problems", "Choose the file again."),
    ),
}

_CHANGE = ("review_change", "storage_settings")

_DATABASE: dict[str, Entry] = {
    "server.adoption_needed": Entry(
        "question",
        QT_TRANSLATE_NOOP(
            "Problems", "{database} already holds {rows} readings of another program."
        ),
        "",
        QT_TRANSLATE_NOOP(
            "Problems", "The database is unchanged. See what would be added, then decide."
        ),
        _CHANGE,
        spools=True,
    ),
    "server.migration_needed": Entry(
        "question",
        QT_TRANSLATE_NOOP("Problems", "{database} was made by an earlier Harit Desktop."),
        "",
        QT_TRANSLATE_NOOP(
            "Problems", "The database is unchanged. See what would be added, then decide."
        ),
        _CHANGE,
        spools=True,
    ),
    "server.changing": Entry(
        "info",
        QT_TRANSLATE_NOOP("Problems", "The database {database} is being extended."),
        "",
        QT_TRANSLATE_NOOP("Problems", "With many readings in it this takes minutes."),
        spools=True,
    ),
    "server.wrong_column": _needs_you(
        QT_TRANSLATE_NOOP("Problems", "The column {column} of {table} is {type}: too small."),
        QT_TRANSLATE_NOOP("Problems", "Ask the database's owner to give it its type back."),
    ),
    "server.rows_refused": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Readings that MySQL cannot hold: {count}."),
        QT_TRANSLATE_NOOP("Problems", "They stay in the store on this computer; all others went."),
        QT_TRANSLATE_NOOP("Problems", "Ask the database's owner whether its table was changed."),
        ("dismiss",),
    ),
    "server.table_missing:made": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The table {table} was missing in {database}."),
        QT_TRANSLATE_NOOP(
            "Problems", "It was made anew, and what this computer still holds is sent again."
        ),
        QT_TRANSLATE_NOOP(
            "Problems", "Ask the database's owner what became of it; a backup may have the rest."
        ),
        ("dismiss",),
    ),
    "server.not_durable": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "MySQL does not write each reading to its disk at once."),
        QT_TRANSLATE_NOOP(
            "Problems", "If its computer loses power, the last second may be missing there."
        ),
        QT_TRANSLATE_NOOP("Problems", "Ask its owner to set innodb_flush_log_at_trx_commit to 1."),
        ("dismiss",),
    ),
}

SERVER_ENTRIES: dict[str, Entry] = {**_REACHING, **_LOGIN, **_DATABASE}
