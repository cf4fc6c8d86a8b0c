"""The ways in and out over the network, and the simulated probes.

Owns the MQTT sessions (source and publisher), the client of a remote API with what reads from
it and posts to it, our own API, and the publisher worker. The only package that imports paho,
Flask and waitress. Must not import pipeline, storage, analysis, wire or broker: it hands over
messages and takes callables for the rest.
"""
