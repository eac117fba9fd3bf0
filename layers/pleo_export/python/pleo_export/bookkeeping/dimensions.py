"""Pleo's tags become the accounting system's dimensions (R-5c.10)."""

from __future__ import annotations

from pleo_export.bookkeeping.documents import Dimension
from pleo_export.bookkeeping.export_item import ExportItem, Line
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.settings import Settings


def dimensions(line: Line, number: int, settings: Settings) -> tuple[Dimension, ...]:
    """Raises ItemRejected (`invalid_configuration`) where two tags of a line claim the same dimension."""
    values: dict[str, str] = {}
    for tag in line.tags:
        dimension = settings.dimensions.get(tag.group_code)
        if dimension is not None and values.setdefault(dimension, tag.code) != tag.code:
            raise ItemRejected(
                ItemFailure.INVALID_CONFIGURATION,
                f"Line {number} has the tags {values[dimension]} and {tag.code} for one dimension, {dimension}. Keep "
                "one of them in Pleo, or map their tag groups apart under dimensions in the settings.",
            )
    return tuple(Dimension(category, value) for category, value in values.items())


def unmapped_groups(item: ExportItem, settings: Settings) -> tuple[str, ...]:
    """The tag groups that the settings give no dimension; their tags are ignored."""
    groups = dict.fromkeys(tag.group_code for line in item.lines for tag in line.tags)
    return tuple(group for group in groups if group not in settings.dimensions)
