"""Pleo's export jobs, recorded in the customer's accounting system."""

__version__ = "0.1.0"  # the same as in pyproject.toml; the layer carries no package metadata


UNKNOWN_COMMIT = "unknown"


def code_version(commit: str = UNKNOWN_COMMIT) -> str:
    """Return the release and, where it is known, the commit that was deployed: `0.1.0+3df99fa`."""
    return __version__ if commit == UNKNOWN_COMMIT else f"{__version__}+{commit}"
