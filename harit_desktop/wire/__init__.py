"""The words on the wire: bytes into readings, readings into bytes.

Owns the payload formats, their limits and the reason codes of what is refused. Pure
functions of a message: imports only `domain`, and no network, numpy, threading,
logging or clock. A further family is one file in `formats` and one entry in its table.
"""
