"""The local store: the SQLite journal, what is read from it, and the files made of it.

Owns the schema, the one write path (`journal`), reading (`history`), CSV export and the CSV
mirror. Implements the pipeline's Protocols without importing them; imports only `domain`,
`settings` and `observability`. The only package that imports sqlite3 and SQLAlchemy.
"""
