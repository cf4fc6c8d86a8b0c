"""The judgement of a reading: quality flags, soil-health index, and why.

Owns the profiles (data files), the quality tests and the engine that joins them. Pure
arithmetic on values: imports only `domain`, and no network, database, Qt or clock.
A further quality test is one class, a further profile one file.
"""
