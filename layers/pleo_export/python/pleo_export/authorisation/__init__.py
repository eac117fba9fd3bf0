"""A person authorises us for a company; one function refreshes the tokens."""
