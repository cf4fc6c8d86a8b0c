"""Known errors as one line for the terminal: what happened and what can be done."""

from __future__ import annotations

from harit_desktop.cli.texts_alerts import ALERTS
from harit_desktop.cli.texts_api import API
from harit_desktop.cli.texts_tls import BROKER_TLS, worded
from harit_desktop.domain.diagnosis import variant_of
from harit_desktop.domain.errors import Problem

_COMMAND_LINE = {
    "settings.bad_assignment": "--set needs key=value, not {text!r}",
    "settings.unknown_key": "there is no setting {key!r}",
    "settings.secret_key": "{key} is a secret and not for the command line; set {variable} instead",
    "settings.bad_value": "{value!r} is not possible for {key}: {reason}",
    "settings.not_saved": "the settings could not be saved in {path}: {reason}",
    "settings.unreadable": "the settings file cannot be opened ({reason}); the defaults are used",
    "settings.damaged": "the settings file was damaged; it is kept as {kept_as}, "
    "and the defaults are used",
    "settings.no_settings": "{path} is no file of settings; nothing was changed",
    "data_dir.unusable": "the data folder {path} cannot be used: {reason}; "
    "choose another one with --data-dir",
    "data_dir.in_use": "Harit Desktop already runs with the data folder {path}",
    "time.unreadable": "{text!r} is not a time like 2026-11-23T14:30:00",
    "timezone.unknown": "there is no time zone {name!r}; a name looks like Asia/Kolkata",
    "profile.not_found": "there is no crop profile {profile!r}",
    "profile.not_toml": "the crop profile {file} is not TOML: {reason}",
    "profile.unknown_key": "the crop profile {file} has an unknown key {key!r} in line {line}",
    "profile.invalid": "the crop profile {file} is not valid: {reason}",
    "template.invalid": "the template {file} is not used: line {line}, {key!r}: {why} {value!r}",
    "template.unreadable": "the template {file} could not be read: {reason}",
    "template.not_saved": "the template {file} could not be saved: {reason}",
    "template.not_removed": "the template {file} could not be removed: {reason}",
    "devices.unusable": "names, zones and calibrations of the devices could not be used ({error}); "
    "readings are stored and judged without them",
    "secrets.keyring": "the system's keyring does not answer ({reason})",
    "secrets.session_only": "there is no keyring; {key} is forgotten at the end of this run",
    "worker.crashed": "a part of the program failed and was started again: {worker}",
    "worker.down": "a part of the program failed three times and stays off: {worker}; "
    "start the program again",
    "follower.failed": "the {follower} missed some readings ({error}); all are stored",
    "command.failed": "a command failed inside the program ({error}); the log has more",
    "query.failed": "a query failed inside the program ({error}); the log has more",
    "query.cancelled": "cancelled",
    "publisher.failed": "the publisher stopped by a fault; the log has more",
    "inbox.full": "{count} messages found no room; the broker sends those of QoS 1 again",
    "internal_error": "a message could not be processed ({error}); it is kept",
    "payload.bad": "some messages could not be read; they are kept",
}

_PROFILES = {
    "broker_profile.not_found": "there is no broker profile {name!r}",
    "broker_profile.unreadable": "{file} is no usable broker profile: {reason}",
    "broker_profile.bad_name": "{name!r} is no possible name of a broker profile",
    "broker_profile.name_taken": "there is a broker profile {name!r} already",
    "broker_profile.in_use": "the broker profile {name!r} is in use and cannot be deleted",
    "broker_profile.bad_file": "{file} cannot be used for {setting}: {reason}",
    "broker_profile.not_saved": "the broker profile could not be saved in {path}: {reason}",
}

_STORE = {
    "store.absent": "there are no readings in {path} yet",
    "store.locked": "another program holds the database; readings wait, nothing is lost",
    "store.full": "the disk is full; readings wait with the broker until there is room",
    "store.read_only": "the data folder cannot be written; readings wait with the broker",
    "store.failed": "the database reported an error: {reason}",
    "store.foreign": "{path} is a database of another program; choose another folder",
    "store.newer_version": "{path} was written by a newer version of this program",
    "store.no_wal": "{path} lies on a drive that cannot hold the database; choose a local folder",
    "store.damaged": "the database was damaged; it is kept as {kept_as}, and a new one is used",
    "store.was_empty": "the database was empty although it had readings; "
    "what was there is kept as {kept_as}",
    "store.replaced": "the database file was replaced while the program ran",
    "store.not_ready": "the database is not open yet",
    "store.not_storable": "a reading could not be stored: {reason}",
    "store.empty_item": "a message had neither reading nor reason",
    "store.spool_full": "the spool of {limit_mb} MB is full; readings wait with the broker "
    "until the database server answers",
    "store.repaired": "tables of the database were missing and were made again: {tables}",
    "store.migration_failed": "the database {path} could not be brought to this version and "
    "is unchanged: {reason}",
    "store.restored": "the backup was put in place; the store before it is kept as {kept_as}",
    "store.maintenance_failed": "summaries of the database are behind: {reason}",
    "backup.failed": "the backup {path} could not be made: {reason}",
    "backup.no_room": "there is no room for a backup in {path}; it needs {needed_mb} MB",
    "backup.bad_file": "{path} is not a backup that can be restored: {reason}",
    "backup.newer_version": "{path} was made by a newer version of this program",
    "backup.not_restored": "{path} was not restored, and the store is as it was: {reason}",
    "csv_mirror.not_written": "{path} could not be written ({reason}); the database has all",
    "export.no_folder": "the folder of {path} does not exist",
    "export.permission": "{path} may not be written: {reason}",
    "export.disk_full": "the disk is full; nothing was written to {path}",
    "export.not_a_file": "{path} is not a file that can be written: {reason}",
    "export.cancelled": "the export was stopped; nothing was written to {path}",
    "export.own_file": "{path} belongs to the program itself; choose another name",
    "export.failed": "{path} could not be written: {reason}",
}

_SERVER = {
    "server.unreachable": "no database server answers at {host}:{port} ({detail}); "
    "readings wait on this computer",
    "server.dns": "no computer named {host!r} was found; readings wait on this computer",
    "server.silent": "the database server has not answered for {seconds} s; "
    "readings wait on this computer",
    "server.lost": "the connection to the database server was lost ({detail}); "
    "readings wait on this computer",
    "server.auth": "the database server refused the user {user!r} or the password",
    "server.auth_or_tls": "the database server refused the user {user!r} or the password, "
    "or takes this user only with TLS",
    "server.no_credentials": "storage.mysql_user is not set; readings wait on this computer",
    "server.no_database": "the database server has no database {database!r}",
    "server.permission": "the database user lacks a right: {detail}",
    "server.tls": "TLS with the database server failed: {cause}",
    "server.plain_password": "the database server asked for the password in clear text, "
    "which was refused",
    "server.full": "the database server has no room; readings wait on this computer",
    "server.read_only": "the database server is read-only; readings wait on this computer",
    "server.too_many_connections": "the database server takes no more connections; "
    "readings wait on this computer",
    "server.locked": "another program holds the server's tables; readings wait on this computer",
    "server.changing": "the table {table} is being extended; readings wait on this computer",
    "server.wrong_column": "the column {column} of {table} is {type}, which cannot hold its "
    "values; readings wait on this computer",
    "server.version": "the database server is too old: {version}",
    "server.failed": "the database server reported error {number}: {reason}",
    "server.adoption_needed": "the database {database!r} of the earlier system holds {rows} "
    "readings; {columns} columns would be added; start with --yes to allow it",
    "server.migration_needed": "the database {database!r} needs {columns} more columns; "
    "start with --yes to allow it",
    "server.newer_version": "the database was last used by a newer version of this program",
    "server.row_refused": "the database server refused this reading ({reason}); it is kept here",
    "server.rows_refused": "the database server refused {count} readings; they are kept here",
    "server.table_missing": "the table {table} was gone from the server and was made again",
    "server.not_durable": "the database server may lose its last second at a power cut "
    "(innodb_flush_log_at_trx_commit)",
}

_BROKER = {
    "broker.session_lost": "the broker at {host}:{port} did not keep this program's session; "
    "what was sent while the program was away may be missing",
    "broker.dropped": "the broker threw away {count} messages because its queue was full",
    "broker.stalled": "the broker at {host}:{port} stopped delivering; the connection was made "
    "again",
    "broker.refused": "nothing answers at {host}:{port}; trying again",
    "broker.dns": "no computer named {host!r} was found; trying again",
    "broker.unreachable": "{host}:{port} cannot be reached ({detail}); trying again",
    "broker.timeout": "the broker at {host}:{port} does not answer; trying again",
    "broker.no_mqtt": "what answers at {host}:{port} is no MQTT broker, or expects TLS; "
    "harit-desktop doctor looks closer",
    "broker.tls": "TLS with {host}:{port} failed ({cause}); harit-desktop doctor looks closer",
    "broker.filtered": "a firewall turns the connection to {host}:{port} away",
    "broker.websocket": "what answers at {host}:{port} takes no WebSocket",
    "broker.auth": "the broker refused the user name or password; set the right ones "
    "(harit-desktop doctor says which settings)",
    "broker.not_authorized": "the broker does not allow this user {topic}",
    "broker.rejected": "the broker does not take this connection now: {reason}",
    "broker.client_id_rejected": "the broker refused the client id {client_id!r}",
    "broker.client_id_in_use": "another program uses the client id {client_id!r}",
    "broker.subscribe_denied": "the broker does not allow reading {topic!r}",
    "broker.qos_lowered": "the broker grants {topic!r} without confirmation; readings can be lost",
    "broker.lost": "the connection to the broker was lost; trying again",
    "builtin_broker.port_busy": "no free port for the built-in broker from {port} to {last_port}",
    "builtin_broker.port_moved": "port {asked_port} is busy; the built-in broker uses {port}",
    "builtin_broker.engine_missing": "mosquitto is not installed; set builtin_broker.engine=amqtt",
    "builtin_broker.engine_failed": "the built-in broker could not start: {detail}",
    "builtin_broker.crashed": "the built-in broker crashed: {detail}",
    "builtin_broker.exited": "the built-in broker ended by itself: {detail}",
    "builtin_broker.folder": "the built-in broker cannot use its folder: {detail}",
    "builtin_broker.network_consent": "the built-in broker would be reachable at {host} by other "
    "devices; set builtin_broker.allow_network=true to allow that, or use 127.0.0.1",
    "builtin_broker.no_password": "the built-in broker needs a password on the network; set one "
    "in the settings or in HARIT_BUILTIN_BROKER__PASSWORD",
    "builtin_broker.bad_username": "builtin_broker.username must be one word of at most 64 "
    "characters without a colon",
    "builtin_broker.bad_address": "the built-in broker cannot listen at {host}: {detail}",
    "builtin_broker.port_taken": "port {port} is used by another program; on the network the "
    "built-in broker takes no other by itself",
    "builtin_broker.bad_arguments": "the built-in broker was started wrongly: {detail}",
    "builtin_broker.start_timeout": "the built-in broker did not start in time",
    "builtin_broker.not_started": "the built-in broker could not be started: {detail}",
    "builtin_broker.stopped": "the built-in broker was stopped",
}

TEXTS: dict[str, str] = {
    **_COMMAND_LINE,
    **_PROFILES,
    **_STORE,
    **_SERVER,
    **_BROKER,
    **API,
    **ALERTS,
}


def sentence(problem: Problem) -> str:
    """The problem in English; an unknown code with its details."""
    template = BROKER_TLS.get(variant_of(problem)) or TEXTS.get(problem.code)
    shown = worded(problem.code, problem.params)
    try:
        text = str(problem) if template is None else template.format(**shown)
    except (KeyError, IndexError):
        text = str(problem)
    return printable(text)


def printable(text: str) -> str:
    """One line that cannot steer a terminal, whatever a server or a file name holds."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
