"""The ledgers that the local stack can run with: Tryton, or the simulator of another; a module for each."""
