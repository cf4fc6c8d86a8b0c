"""The store server: MySQL or MariaDB behind `storage.backend = mysql`.

Owns connections to the server, its tables (a new database or an adopted one of the existing
system), and the thread that forwards the journal's readings there. Imports `domain` and, of
`storage`, only the journal's file access. The only package that imports PyMySQL.
"""
