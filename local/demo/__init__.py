"""The demo: a bookkeeper clicks Export, and the expenses travel through the whole system into real books."""
