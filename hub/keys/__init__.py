"""The one door of cryptography: seals, wrapped keys, anchors, tickets, certificates.

No other room imports `cryptography` or `jwt`. What is kept here for ever carries a version byte, is
laid out in its module's docstring, and has golden vectors in `tests/vectors`.
"""
