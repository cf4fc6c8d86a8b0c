"""Logs, crash records and the redaction of secrets.

Owns what the program writes about itself, bounded in size and free of secrets.
Imports only `domain`; every other layer may log.
"""
