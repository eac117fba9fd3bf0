"""A simulator of Business Central: its API v2.0 as an HTTP server, with a ledger that keeps the rules of the real one.

What a schema cannot say is enforced here: documents that balance, dates in the allowed range, blocked accounts, the
life of a draft, the whole batch that a post takes along, and texts in the language of the user. See docs/connectors/.
"""
