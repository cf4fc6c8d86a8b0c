"""Words for what goes wrong with the store on this computer, its files and its backups."""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

_NOTHING_CHANGED = QT_TRANSLATE_NOOP("Problems", "Nothing was changed.")
_WAITING_READINGS = QT_TRANSLATE_NOOP(
    "Problems", "New readings wait with the broker and in memory; none is confirmed unstored."
)

_STORE: dict[str, Entry] = {
    "store.full": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The disk is full."),
        QT_TRANSLATE_NOOP(
            "Problems", "New readings wait with the broker; recording resumes by itself."
        ),
        QT_TRANSLATE_NOOP("Problems", "Free 200 MB on the disk of the data folder."),
        ("storage_settings",),
    ),
    "store.locked": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Another program holds the database."),
        _WAITING_READINGS,
        QT_TRANSLATE_NOOP("Problems", "Close the program that has harit.db open."),
        ("storage_settings",),
    ),
    "store.read_only": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The database cannot be written to."),
        _WAITING_READINGS,
        QT_TRANSLATE_NOOP("Problems", "Check the rights of the data folder."),
        ("storage_settings",),
    ),
    "store.failed": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The database reported an error."),
        _WAITING_READINGS,
        QT_TRANSLATE_NOOP("Problems", "Copy the details and keep the data folder as it is."),
        ("storage_settings",),
    ),
    "store.damaged": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The database was damaged."),
        QT_TRANSLATE_NOOP(
            "Problems", "It is kept as {kept_as}; recording goes on in a new database."
        ),
        QT_TRANSLATE_NOOP("Problems", "Copy that file to a safe place; much of it can be saved."),
        ("dismiss",),
    ),
    "store.was_empty": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The database was gone or empty at the start."),
        QT_TRANSLATE_NOOP("Problems", "A new one was begun; what was left of the old one is kept."),
        QT_TRANSLATE_NOOP("Problems", "Look for harit.db in your backups if readings are missing."),
        ("dismiss",),
    ),
    "store.replaced": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The database was deleted or replaced while in use."),
        QT_TRANSLATE_NOOP("Problems", "Recording goes on in the file that is there now."),
        QT_TRANSLATE_NOOP("Problems", "Leave harit.db alone while the program runs."),
        ("dismiss",),
    ),
    "store.foreign": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The file harit.db belongs to another program."),
        QT_TRANSLATE_NOOP("Problems", "It is left as it is, and nothing is recorded."),
        QT_TRANSLATE_NOOP("Problems", "Move it away from the data folder."),
        ("storage_settings",),
    ),
    "store.newer_version": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "A newer Harit Desktop made this database."),
        QT_TRANSLATE_NOOP("Problems", "It is left as it is, and nothing is recorded."),
        QT_TRANSLATE_NOOP("Problems", "Install the newer program again."),
    ),
    "store.no_wal": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The data folder is on a drive that slows the database."),
        QT_TRANSLATE_NOOP("Problems", "Everything is recorded, but reading and writing wait."),
        QT_TRANSLATE_NOOP("Problems", "Use a folder on a disk of this computer."),
        ("dismiss",),
    ),
    "store.spool_full": Entry(
        "crit",
        QT_TRANSLATE_NOOP(
            "Problems", "The spool on this computer has reached its limit of {limit_mb} MB."
        ),
        QT_TRANSLATE_NOOP(
            "Problems", "New readings wait with the broker; recording resumes by itself."
        ),
        QT_TRANSLATE_NOOP("Problems", "Bring the database server back, or raise the limit."),
        ("retry", "storage_settings"),
    ),
    "store.repaired": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Parts of the database were missing: {tables}."),
        QT_TRANSLATE_NOOP("Problems", "They were made anew; recording goes on."),
        QT_TRANSLATE_NOOP("Problems", "If readings are missing, look for them in a backup."),
        ("restore", "dismiss"),
    ),
    "store.migration_failed": Entry(
        "crit",
        QT_TRANSLATE_NOOP(
            "Problems", "The database of an earlier version could not be taken over: {reason}."
        ),
        QT_TRANSLATE_NOOP("Problems", "It is left as it was ({path}), and nothing is recorded."),
        QT_TRANSLATE_NOOP("Problems", "Free some space on its disk and start the program again."),
        ("storage_settings",),
    ),
    "store.restored": Entry(
        "info",
        QT_TRANSLATE_NOOP("Problems", "The backup was restored."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "The store before it is kept as {kept_as}; readings since the backup are only there.",
        ),
        "",
        ("dismiss",),
    ),
    "store.restored:server": Entry(
        "info",
        QT_TRANSLATE_NOOP("Problems", "The backup was restored on the database server."),
        QT_TRANSLATE_NOOP(
            "Problems",
            "The readings before it are kept there as {kept_as}. Those since the backup that "
            "this computer still holds are sent again; others are only there.",
        ),
        "",
        ("dismiss",),
    ),
    "store.maintenance_failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "Old data could not be tidied up."),
        QT_TRANSLATE_NOOP("Problems", "Recording goes on; it is tried again later."),
        QT_TRANSLATE_NOOP(
            "Problems", "If it stays so, Details say why; check rights and room of the data folder."
        ),
        ("dismiss",),
    ),
    "csv_mirror.not_written": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The CSV file could not be written: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "The database has every reading; only the CSV file lags."),
        QT_TRANSLATE_NOOP("Problems", "Close the file in other programs."),
        ("storage_settings",),
    ),
    "store.delete_failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "The simulated data could not be deleted."),
        QT_TRANSLATE_NOOP("Problems", "Nothing was changed."),
        QT_TRANSLATE_NOOP("Problems", "Try it again."),
        ("dismiss",),
    ),
}

_BACKUP: dict[str, Entry] = {
    "backup.failed": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "A backup could not be written: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "Recording goes on; the next backup is tried in time."),
        QT_TRANSLATE_NOOP("Problems", "Check the folder for backups: {path}."),
        ("back_up", "storage_settings", "dismiss"),
    ),
    "backup.no_room": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "There is no room for a backup in {path}."),
        QT_TRANSLATE_NOOP("Problems", "Recording goes on; the next backup is tried in time."),
        QT_TRANSLATE_NOOP("Problems", "Free {needed_mb} MB there, or choose another folder."),
        ("back_up", "storage_settings", "dismiss"),
    ),
    "backup.bad_file": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "{path} is no usable backup: {reason}."),
        _NOTHING_CHANGED,
        QT_TRANSLATE_NOOP("Problems", "Choose another backup."),
        ("restore", "dismiss"),
    ),
    "backup.newer_version": Entry(
        "warn",
        QT_TRANSLATE_NOOP("Problems", "A newer Harit Desktop made the backup {path}."),
        _NOTHING_CHANGED,
        QT_TRANSLATE_NOOP("Problems", "Install the newer program, or choose another backup."),
        ("restore", "dismiss"),
    ),
    "backup.not_restored": Entry(
        "crit",
        QT_TRANSLATE_NOOP("Problems", "The backup {path} could not be restored: {reason}."),
        QT_TRANSLATE_NOOP("Problems", "The store is as it was before; recording goes on."),
        QT_TRANSLATE_NOOP("Problems", "Check the rights and the room of the data folder."),
        ("restore", "dismiss"),
    ),
}

STORE_ENTRIES: dict[str, Entry] = {**_STORE, **_BACKUP}
