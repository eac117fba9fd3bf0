"""All records of an installation's table, by kind: what the functions and the command line share.

Each kind is imported by the property that makes it: a function's cold start pays for those that it uses.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pleo_export.store.audit_exports import AuditExports
    from pleo_export.store.authorisations import Authorisations
    from pleo_export.store.call_budgets import CallBudgets
    from pleo_export.store.company_events import CompanyEvents
    from pleo_export.store.connections import Connections
    from pleo_export.store.fencing import FencingTokens
    from pleo_export.store.jobs import Jobs
    from pleo_export.store.leases import Leases
    from pleo_export.store.looks import Looks
    from pleo_export.store.mapping_health import MappingHealthRecords
    from pleo_export.store.pauses import Pauses
    from pleo_export.store.polls import Polls
    from pleo_export.store.postings import Postings
    from pleo_export.store.reconciliations import Reconciliations
    from pleo_export.store.results import Results
    from pleo_export.store.secret_locks import SecretLocks
    from pleo_export.store.settings_history import SettingsHistory
    from pleo_export.store.sync_schedule import SyncSchedule
    from pleo_export.store.syncs import Syncs
    from pleo_export.store.token_refreshes import RefreshStates


class Records:
    """The records of one table. Each kind is made when it is first used."""

    @property
    def table(self) -> Any:
        """The DynamoDB table, as boto3's resource."""
        raise NotImplementedError

    @cached_property
    def connections(self) -> Connections:
        """The connected companies."""
        from pleo_export.store.connections import Connections

        return Connections(self.table)

    @cached_property
    def settings_history(self) -> SettingsHistory:
        """The versions of the companies' settings."""
        from pleo_export.store.settings_history import SettingsHistory

        return SettingsHistory(self.table)

    @cached_property
    def company_events(self) -> CompanyEvents:
        """What operators did to the companies' connections."""
        from pleo_export.store.company_events import CompanyEvents

        return CompanyEvents(self.table)

    @cached_property
    def audit_exports(self) -> AuditExports:
        """The chains of audit exports."""
        from pleo_export.store.audit_exports import AuditExports

        return AuditExports(self.table)

    @cached_property
    def call_budgets(self) -> CallBudgets:
        """What the calls of ledgers and of Pleo have used of their rates."""
        from pleo_export.store.call_budgets import CallBudgets

        return CallBudgets(self.table)

    @cached_property
    def leases(self) -> Leases:
        """The companies' leases."""
        from pleo_export.store.leases import Leases

        return Leases(self.table)

    @cached_property
    def jobs(self) -> Jobs:
        """The export jobs."""
        from pleo_export.store.jobs import Jobs

        return Jobs(self.table)

    @cached_property
    def fencing_tokens(self) -> FencingTokens:
        """The fencing tokens of jobs."""
        from pleo_export.store.fencing import FencingTokens

        return FencingTokens(self.table)

    @cached_property
    def results(self) -> Results:
        """The results of items."""
        from pleo_export.store.results import Results

        return Results(self.table)

    @cached_property
    def postings(self) -> Postings:
        """What was meant to be booked, and what became of it."""
        from pleo_export.store.postings import Postings

        return Postings(self.table)

    @cached_property
    def polls(self) -> Polls:
        """The record of the last poll."""
        from pleo_export.store.polls import Polls

        return Polls(self.table)

    @cached_property
    def looks(self) -> Looks:
        """When each company is to be looked at next."""
        from pleo_export.store.looks import Looks

        return Looks(self.table)

    @cached_property
    def reconciliations(self) -> Reconciliations:
        """When each company's drafts were last reconciled."""
        from pleo_export.store.reconciliations import Reconciliations

        return Reconciliations(self.table)

    @cached_property
    def syncs(self) -> Syncs:
        """The last syncs of each company's lists."""
        from pleo_export.store.syncs import Syncs

        return Syncs(self.table)

    @cached_property
    def sync_schedule(self) -> SyncSchedule:
        """How far the schedule of syncs has come."""
        from pleo_export.store.sync_schedule import SyncSchedule

        return SyncSchedule(self.table)

    @cached_property
    def mapping_health(self) -> MappingHealthRecords:
        """What the nightly checks of the companies' mapping found."""
        from pleo_export.store.mapping_health import MappingHealthRecords

        return MappingHealthRecords(self.table)

    @cached_property
    def pauses(self) -> Pauses:
        """The companies whose exports do not start."""
        from pleo_export.store.pauses import Pauses

        return Pauses(self.table)

    @cached_property
    def secret_locks(self) -> SecretLocks:
        """The locks on companies' secrets."""
        from pleo_export.store.secret_locks import SecretLocks

        return SecretLocks(self.table)

    @cached_property
    def refresh_states(self) -> RefreshStates:
        """How far refreshing each grant has come."""
        from pleo_export.store.token_refreshes import RefreshStates

        return RefreshStates(self.table)

    @cached_property
    def authorisations(self) -> Authorisations:
        """The invitations and authorisations of people."""
        from pleo_export.store.authorisations import Authorisations

        return Authorisations(self.table)
