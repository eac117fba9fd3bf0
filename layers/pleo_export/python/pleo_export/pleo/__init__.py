"""Client for the Pleo Export API v3, and the authentication of its webhooks."""
