"""The parts of dev.py. Standard library only: they run before anything is installed.

A start of the program goes through commands, environment (is the set-up current?),
system_packages and launch, so these import nothing heavy at module level.
"""
