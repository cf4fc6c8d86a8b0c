"""The store server: MySQL or MariaDB behind `storage.backend = mysql`.

Owns connections to the server, its tables (a new database or an adopted one of the existing
system), the thread that forwards the journal's readings there (`forwarder`), reads of both
together (`read_*`), and dumps. Imported only where a server is set, because the driver takes
its time to load. Of `storage` it uses what belongs to no single store; `history`, `export` and
`backups` reach it by imports inside functions. The only package that imports PyMySQL.
"""
