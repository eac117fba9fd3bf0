"""Pleo's tags as the accounting system's dimensions (R-5c.10)."""

from __future__ import annotations

from pleo_export.bookkeeping.accounts import missing
from pleo_export.bookkeeping.documents import Dimension
from pleo_export.bookkeeping.export_item import ExportItem, Line
from pleo_export.bookkeeping.settings import BookkeepingSettings, UnmappedTags
from pleo_export.errors import ItemFailure, ItemRejected
from pleo_export.failures.expense import TAG_GROUP_UNMAPPED, TAG_WITHOUT_CODE, TAGS_CONTRADICT


def dimensions(line: Line, name: str, settings: BookkeepingSettings) -> tuple[Dimension, ...]:
    """Return the dimensions of the line's tags, one value each; `name` is what people call the line.

    Raises ItemRejected: `invalid_configuration` where two tags of a line claim the same dimension,
    `missing_configuration` where a tag has no code.
    """
    values: dict[str, str] = {}
    for tag in line.tags:
        dimension = settings.dimensions.get(tag.group_code)
        if dimension is not None and not tag.code:
            raise missing(TAG_WITHOUT_CODE.told(line=name, group=tag.group_code))
        if dimension is not None and values.setdefault(dimension, tag.code) != tag.code:
            raise ItemRejected(
                ItemFailure.INVALID_CONFIGURATION,
                TAGS_CONTRADICT.told(line=name, one=values[dimension], other=tag.code),
            )
    return tuple(Dimension(category, value) for category, value in values.items())


def check_groups(item: ExportItem, settings: BookkeepingSettings) -> None:
    """Raise ItemRejected (`missing_configuration`) if tags would be ignored and the settings say to fail then."""
    if settings.unmapped_tags is UnmappedTags.FAIL and (groups := unmapped_groups(item, settings)):
        raise missing(TAG_GROUP_UNMAPPED.told(group=groups[0]))


def unmapped_groups(item: ExportItem, settings: BookkeepingSettings) -> tuple[str, ...]:
    """Return the tag groups that the settings give no dimension; their tags are ignored."""
    groups = dict.fromkeys(tag.group_code for line in item.lines for tag in line.tags)
    return tuple(group for group in groups if group not in settings.dimensions)
