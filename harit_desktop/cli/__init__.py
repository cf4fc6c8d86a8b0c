"""The commands of `harit-desktop`: arguments, exit codes, text for the terminal.

Owns what a person or a script sees without a window. Joins nothing itself: `app`
builds the parts. Imported first, so it imports heavy modules only where they are used.
"""
