"""The typed settings tree, where it is kept, and the secrets that are kept elsewhere.

Owns names, defaults, ranges and validation of every setting and the layout of the
data folder. Knows no Qt, no network and no database; imports only `domain`.
"""
