"""The store: the SQLite journal and its upkeep, and all that is read from it or made of it.

Owns the schema, the one write path (`journal`), summaries, retention and damage
(`maintenance`), reading (`history`), CSV export and mirror, backups, and the way to a database
server (`mysql`). Implements the Protocols of pipeline and runtime without importing them;
imports only `domain`, `settings` and `observability`. The only package that imports sqlite3,
SQLAlchemy and, in `mysql`, PyMySQL.
"""
