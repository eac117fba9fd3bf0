"""The failure catalogue: every sentence about a failure that Pleo, the docs, the command line or a report show."""
