"""Pleo's lists kept in step with the ledger: tags, accounts, tax codes, vendors."""
