"""The one way for data: inbox, decode, analyse, commit, acknowledge, publish to views.

Owns the pipeline thread's work and the bounded models that views poll. Meets its
neighbours through the Protocols in `ports`; imports no Qt, no paho, no SQL.
"""
