"""Extra channels in the window: their names, their strips in History, and the devices' health.

Owns what is shown of the channels beyond the seven and of what a device says of itself. Reads
the store through the engine's query pool alone; knows nothing of storage, wire or transport.
"""
