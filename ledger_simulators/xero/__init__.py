"""A simulator of Xero's Accounting API, with the rules that Xero documents and its own ledger behind them."""
