"""Tag groups: the dimensions that an expense can be tagged with."""

from __future__ import annotations

from collections.abc import Mapping

from pleo_export.pleo.list_models import TagGroup, TagGroupBody, TagUsages
from pleo_export.pleo.list_resource import ListResource
from pleo_export.pleo.models import Data
from pleo_export.pleo.resource import path_of
from pleo_export.pleo.transport import Request


class TagGroups(ListResource):
    """The tag groups of a company. Nothing is ever deleted: archive instead."""

    def tag_groups(self, company_id: str) -> list[TagGroup]:
        """Return all groups, archived ones included; Pleo has no pages of them."""
        query = [("company_id", company_id), ("include_archived", "true")]
        return self._get("/v0/tag-groups", Data[list[TagGroup]], query).data

    def create_tag_group(self, company_id: str, body: TagGroupBody) -> TagGroup:
        """Create a group. Raises PleoAlreadyExists where its code is taken, in any case (open question 33);
        PleoOutcomeUnknown where there may be a new group."""
        request = Request("POST", "/v0/tag-groups", [("company_id", company_id)], body.as_json())
        return self._transport.send(request).read(Data[TagGroup]).data

    def update_tag_group(self, group_id: str, body: TagGroupBody) -> TagGroup:
        """Replace a group, metadata included. Raises PleoAlreadyExists where its code is taken, PleoNotFound."""
        request = Request("PUT", path_of("/v0/tag-groups/{}", group_id), body=body.as_json(replaces=True))
        return self._transport.send(request).read(Data[TagGroup]).data

    def tag_usage(self, group_id: str) -> Mapping[str, int]:
        """Return how many expenses carry each tag of the group, by the tag's id. Raises PleoNotFound."""
        usages = self._get(path_of("/v0/tag-groups/{}/usage", group_id), Data[TagUsages]).data.usages
        return {usage.id: usage.count for usage in usages}
