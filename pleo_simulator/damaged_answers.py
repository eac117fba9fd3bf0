"""What a fault makes of an answer's body."""

from __future__ import annotations

import json
from typing import Any


def half_of(body: bytes) -> bytes:
    """The first half: what arrives where the sender stops in the middle."""
    return body[: len(body) // 2]


def without_field(body: bytes, path: str) -> bytes:
    """The JSON without one field, named by a dotted path such as `data.0.status`; other bodies as they are."""
    try:
        content = json.loads(body)
    except ValueError:
        return body
    *parents, last = path.split(".")
    node: Any = content
    for part in parents:
        node = _part_of(node, part)
    if isinstance(node, dict):
        node.pop(last, None)
    return json.dumps(content).encode()


def cut_short(body: bytes) -> bytes:
    """A page of a list as its last one, with half of its elements; other bodies as they are."""
    try:
        content = json.loads(body)
    except ValueError:
        return body
    if isinstance(content, dict) and isinstance(content.get("pagination"), dict):
        content["data"] = content["data"][: len(content["data"]) // 2]
        content["pagination"]["hasNextPage"] = False
    return json.dumps(content).encode()


def _part_of(node: Any, part: str) -> Any:
    if isinstance(node, list):
        return node[int(part)] if int(part) < len(node) else None
    return node.get(part) if isinstance(node, dict) else None
