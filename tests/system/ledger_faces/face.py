"""What a test needs of a ledger's simulator, whichever it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.ledgers.simulated import Profile
from pleo_export.bookkeeping.reference import ReferenceRole, reference_parts
from tests.system.fake_network import Answer, Request
from tests.system.held_documents import Held, Role

Json = dict[str, Any]
REFERENCE = re.compile(r"pleo:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::[a-z0-9]+)*")


@dataclass(frozen=True)
class LedgerFace:
    """How a test looks into a ledger, and acts as the people do who work in it.

    `documents` reads all that carry a reference of ours, drafts and void ones too, in the order in which they were
    made. `void` and `delete` are what a person does to the document of that id. `refused` is the ledger's own refusal
    of a write, in its words; `takes` says whether it can hold an expense of Pleo's at all. `most_files` of an expense
    are attached as they are; more would be merged. `shows_deleted_drafts`: a draft that a person deletes can still be
    found, as a void document.
    """

    profile: Profile
    documents: Callable[[Any], Sequence[Held]]
    void: Callable[[Any, str], None]
    delete: Callable[[Any, str], None]
    refused: Callable[[Request], Answer]
    takes: Callable[[Mapping[str, Any]], bool] = field(default=lambda expense: True)
    most_files: int = 2
    shows_deleted_drafts: bool = False


def reference_in(*texts: object) -> str:
    """Return the reference that one of the texts holds; empty if none does."""
    found = (REFERENCE.search(str(text or "")) for text in texts)
    return next((each[0] for each in found if each), "")


def role_of(reference: str) -> Role:
    """Return what a document with this reference is to its expense."""
    parts = reference_parts(reference)
    if parts is None or parts.role is ReferenceRole.DERIVED:
        return Role.DIFFERENCE
    return Role.PAYMENT if parts.role is ReferenceRole.PAYMENT else Role.DOCUMENT
