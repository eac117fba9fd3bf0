"""Simulators of accounting systems: stateful HTTP servers with the rules that their vendors document.

One package for each ledger. They know nothing of pleo_export; connectors are tested and shown against them.
"""
