"""Pleo's export jobs, recorded in the customer's accounting system."""

__version__ = "0.1.0"  # the same as in pyproject.toml; the layer carries no package metadata
