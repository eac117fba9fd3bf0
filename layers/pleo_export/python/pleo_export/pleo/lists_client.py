"""The lists that Pleo shows its users, one method per call: tag groups, tags, accounts, tax codes, vendors.

Every method raises PleoError (see `pleo.errors`); ids are UUIDs as text. A list is yielded whole, archived elements
included, or PleoProtocolError is raised while it is read. Creating is never repeated automatically: after
PleoOutcomeUnknown the list has to be read again.
"""

from __future__ import annotations

from pleo_export.pleo.chart_of_accounts import ChartOfAccounts
from pleo_export.pleo.companies import Companies
from pleo_export.pleo.list_resource import ListTransport
from pleo_export.pleo.tag_groups import TagGroups
from pleo_export.pleo.tags import Tags
from pleo_export.pleo.tax_codes import TaxCodes
from pleo_export.pleo.transport import PleoTransport
from pleo_export.pleo.vendors import Vendors


class PleoLists(TagGroups, Tags, ChartOfAccounts, TaxCodes, Vendors, Companies):
    """All lists over one transport."""

    def __init__(self, transport: PleoTransport) -> None:
        super().__init__(ListTransport(transport))
