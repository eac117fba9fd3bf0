"""Client for the Pleo Export API v3 and the check of its webhooks."""
