"""The comparison of what we booked, what Pleo was told and what the ledger holds."""
