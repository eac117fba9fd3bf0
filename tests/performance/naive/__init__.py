"""The naive reference: an export as public samples build one.

A Map state runs four tasks for each item (validate, map, create, update), the payloads are in the state, and each
document and each result is a call of its own. So do AWS's own tutorials of a Map with Lambda tasks ("process an array
of orders"), and the open-source connectors between an expense tool and a ledger that loop over expenses. It is given
what helps it: connections in the environment, no look-ups, no store, the smallest functions, five items at a time, and
the retries that AWS's samples have. What it lacks is what keeps an expense from being booked twice.
"""
