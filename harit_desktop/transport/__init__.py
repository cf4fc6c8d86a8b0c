"""The ways in and out over the network, and the simulated probes.

Owns the MQTT sessions (source and publisher), the endpoint they connect to and the
publisher worker. The only package that imports paho. Must not import pipeline, storage,
analysis, wire or broker: it hands over messages and takes callables for the rest.
"""
