"""The Messages page: every received message and what became of it.

Owns the table, its filter and the payload panel. The table holds a bounded copy of the
message log; payloads are read from the store when a row is chosen.
"""
