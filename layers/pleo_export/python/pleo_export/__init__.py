"""Pleo's export jobs, recorded in the customer's accounting system."""

import gc
import os

# A function that starts makes hundreds of thousands of objects and keeps them all: to look for garbage among them, time
# after time, takes a tenth of its start. The collector begins with the function's `Handler`.
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    gc.disable()

__version__ = "0.1.0"  # the same as in pyproject.toml; the layer carries no package metadata


UNKNOWN_COMMIT = "unknown"


def code_version(commit: str = UNKNOWN_COMMIT) -> str:
    """Return the release and, where it is known, the commit that was deployed: `0.1.0+3df99fa`."""
    return __version__ if commit == UNKNOWN_COMMIT else f"{__version__}+{commit}"
