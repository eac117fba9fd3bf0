"""Tags: the values of a tag group. Pleo has no call that creates or renames several at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pleo_export.pleo.list_models import MAX_ARCHIVED_TAGS, ListPage, PleoTag, TagBody
from pleo_export.pleo.list_resource import ListResource
from pleo_export.pleo.models import Data
from pleo_export.pleo.resource import path_of
from pleo_export.pleo.transport import Request


class Tags(ListResource):
    """The tags of tag groups. Nothing is ever deleted: archive instead."""

    def tags(self, group_id: str) -> Iterator[list[PleoTag]]:
        """Yield all tags of the group, archived ones included, page by page. Raises PleoNotFound."""
        path = path_of("/v0/tag-groups/{}/tags", group_id)
        return self._whole(path, [("include_archived", "true")], ListPage[PleoTag])

    def create_tag(self, group_id: str, body: TagBody) -> PleoTag:
        """Create a tag. Raises PleoAlreadyExists where its code is taken, in any case (open question 33); PleoRefused
        with status 400 where Pleo refuses the values, or the group holds its greatest number of active tags, which Pleo
        does not tell apart (open question 31); PleoOutcomeUnknown where there may be a new tag."""
        request = Request("POST", path_of("/v0/tag-groups/{}/tags", group_id), body=body.as_json())
        return self._transport.send(request).read(Data[PleoTag]).data

    def update_tag(self, tag_id: str, body: TagBody) -> PleoTag:
        """Replace a tag. Raises PleoAlreadyExists where its code is taken; PleoRefused as `create_tag` does, where it
        is unarchived; PleoNotFound."""
        request = Request("PUT", path_of("/v0/tags/{}", tag_id), body=body.as_json(replaces=True))
        return self._transport.send(request).read(Data[PleoTag]).data

    def archive_tags(self, company_id: str, tag_ids: Sequence[str], *, archived: bool) -> list[PleoTag]:
        """Archive tags, or unarchive them, and return them. Raises ValueError for more than MAX_ARCHIVED_TAGS or none;
        PleoRefused as `create_tag` does, where they are unarchived."""
        if not 1 <= len(tag_ids) <= MAX_ARCHIVED_TAGS:
            raise ValueError(f"{len(tag_ids)} tags in one call; Pleo takes 1 to {MAX_ARCHIVED_TAGS}")
        body = {"companyId": company_id, "archived": archived, "tagIds": list(tag_ids)}
        request = Request("POST", "/v0/tags/archive", body=body, idempotent=True)
        return self._transport.send(request).read(Data[list[PleoTag]]).data
