"""The nouns of soil monitoring: channels, readings, messages, analyses, states.

Owns the immutable types that every other package exchanges. Imports nothing of
the project and no numpy, threading, logging or clock.
"""
