"""Pleo's export jobs, recorded in the customer's accounting system."""
