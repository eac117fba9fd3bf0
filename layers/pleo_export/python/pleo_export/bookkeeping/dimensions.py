"""Pleo's tags as the accounting system's dimensions (R-5c.10)."""

from __future__ import annotations

from pleo_export.bookkeeping.accounts import missing
from pleo_export.bookkeeping.documents import Dimension
from pleo_export.bookkeeping.export_item import ExportItem, Line
from pleo_export.bookkeeping.settings import BookkeepingSettings, UnmappedTags
from pleo_export.errors import ItemFailure, ItemRejected


def dimensions(line: Line, number: int, settings: BookkeepingSettings) -> tuple[Dimension, ...]:
    """Return the dimensions of the line's tags, one value each; `number` counts lines from 1.

    Raises ItemRejected: `invalid_configuration` where two tags of a line claim the same dimension,
    `missing_configuration` where a tag has no code.
    """
    values: dict[str, str] = {}
    for tag in line.tags:
        dimension = settings.dimensions.get(tag.group_code)
        if dimension is not None and not tag.code:
            raise missing(
                f"Line {number} has a tag of the group {tag.group_code} that has no code. Enter its code in Pleo under "
                "Settings, Tags, and export the item again."
            )
        if dimension is not None and values.setdefault(dimension, tag.code) != tag.code:
            raise ItemRejected(
                ItemFailure.INVALID_CONFIGURATION,
                f"Line {number} has the tags {values[dimension]} and {tag.code} for one dimension, {dimension}. Keep "
                "one of them in Pleo, or map their tag groups apart under dimensions in the settings.",
            )
    return tuple(Dimension(category, value) for category, value in values.items())


def check_groups(item: ExportItem, settings: BookkeepingSettings) -> None:
    """Raise ItemRejected (`missing_configuration`) if tags would be ignored and the settings say to fail then."""
    if settings.unmapped_tags is UnmappedTags.FAIL and (groups := unmapped_groups(item, settings)):
        raise missing(
            f"The tag group {groups[0]} has no dimension in the settings, so its tags would be lost. Name it under "
            "dimensions in the settings, or set unmapped_tags: warn, and export the item again."
        )


def unmapped_groups(item: ExportItem, settings: BookkeepingSettings) -> tuple[str, ...]:
    """Return the tag groups that the settings give no dimension; their tags are ignored."""
    groups = dict.fromkeys(tag.group_code for line in item.lines for tag in line.tags)
    return tuple(group for group in groups if group not in settings.dimensions)
