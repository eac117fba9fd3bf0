"""Tryton as the accounting system of the local stack: a separate process on PostgreSQL, spoken to over HTTP only."""
