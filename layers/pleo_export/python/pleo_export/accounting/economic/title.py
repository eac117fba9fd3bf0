"""The accounting system's name, as people write it."""

TITLE = "e-conomic"
