"""The History page: any range of the store, several devices on one time axis.

Owns the page, what it has read, its selection panel and its table. Reads go through the query
pool, a slot per device; nothing here waits. Must not import storage or transport: the store is
asked through the engine.
"""
