"""Broker profiles on screen: the list in the connect dialog and the toolbar's quick switch.

Owns widgets and words only: files and keyring are worked with by `runtime.broker_profiles`,
in the engine's query pool. Must not open a file, ask a keyring or wait.
"""
