"""The part of a page that a command writes, between two comments which name the command."""

from __future__ import annotations


def replaced(page: str, command: str, part: str) -> str:
    """Return the page with another part between the comments. Raises ValueError if they are not there."""
    begin, end = (f"<!-- Written by `{command}`: {each} -->" for each in ("begin", "end"))
    head, begun, rest = page.partition(begin)
    _, ended, tail = rest.partition(end)
    if not begun or not ended:
        raise ValueError(f"the page has no part between {begin!r} and {end!r}")
    return f"{head}{begin}\n\n{part}\n\n{end}{tail}"
