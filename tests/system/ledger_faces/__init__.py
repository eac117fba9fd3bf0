"""The ledgers' simulators as tests look into them: a module for each, with its `FACE`."""
