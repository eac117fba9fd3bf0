"""Pleo's export jobs, recorded in the customer's accounting system."""

import gc
import os
import warnings

# A function that starts makes hundreds of thousands of objects and keeps them all: to look for garbage among them, time
# after time, takes a tenth of its start. The collector begins with the function's `Handler`.
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    gc.disable()

# The layer leaves out `charset_normalizer`, which guesses encodings and is half of what requests takes to import: what
# we read is JSON, whose encoding is not guessed. Requests says at each start that it is not there.
warnings.filterwarnings("ignore", message="Unable to find acceptable character detection dependency")

__version__ = "0.1.0"  # the same as in pyproject.toml; the layer carries no package metadata


UNKNOWN_COMMIT = "unknown"


def code_version(commit: str = UNKNOWN_COMMIT) -> str:
    """Return the release and, where it is known, the commit that was deployed: `0.1.0+3df99fa`."""
    return __version__ if commit == UNKNOWN_COMMIT else f"{__version__}+{commit}"
