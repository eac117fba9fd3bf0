"""CheckMapping: every night, see whether the ledger still takes what each company's settings and Pleo use.

The schedule calls this every hour; a company has its turn once a night, at an hour of its own time zone that follows
from a hash of its id, so that companies do not all call Pleo and the ledgers at once.

    what is used (settings, Pleo's lists, waiting expenses) -> what the ledger holds of it -> findings
    -> kept for doctor and report -> metrics -> a notification of those that the night before did not know

Nothing is written at Pleo or in the ledger. A company whose ledger or Pleo cannot be reached has its turn again an hour
later; what was found before stays until a check is complete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pleo_export.accounting.errors import OutcomeUnknown, RateLimited, Unavailable
from pleo_export.batches import in_batches
from pleo_export.errors import PleoExportError, RetryAfter, TryAgain
from pleo_export.observability import count, logger, measure
from pleo_export.services.handler import error_boundary
from pleo_export.services.services import Services
from pleo_export.services.turns import number_of, zone_of
from pleo_export.store.mapping_health import MOST_KEPT, KeptFinding, MappingHealth

if TYPE_CHECKING:
    from pleo_export.services.messages import MappingCheck
    from pleo_export.store.connections import Connection
    from pleo_export.sync.health import MappingFinding

NIGHT_HOURS = 5  # local hours from midnight on which companies have their turns
MORNING = 6  # local hour from which a night's check is not made any more
REST = timedelta(hours=20)  # between two checks of one company: once a night
RESERVE = timedelta(seconds=120)  # no company is begun with less than this left of the function's time
LOOKED_UP = 100  # companies whose settings are read, and held in memory, at once
PASSING = (TryAgain, RetryAfter, Unavailable, RateLimited, OutcomeUnknown)
NEVER = datetime.min.replace(tzinfo=UTC)


class CheckResult(StrEnum):
    """What became of a company's turn."""

    HEALTHY = "healthy"
    FINDINGS = "findings"
    LATER = "later"
    FAILED = "failed"


def check_mappings(wanted: MappingCheck, services: Services) -> dict[str, int]:
    """Return how many companies were checked, by what became of them; `waiting`: not begun for want of time."""
    counts = Counter({each.value: 0 for each in CheckResult} | {"waiting": 0})
    for company_id in [wanted.company_id] if wanted.company_id else _due(services):
        if services.time_left() < RESERVE:
            counts["waiting"] += 1
        else:
            counts[_check_company(company_id, services)] += 1
    logger.info("mappings checked", extra=counts)
    return dict(counts)


def check_mapping(connection: Connection, services: Services) -> tuple[MappingFinding, ...]:
    """Return what a person has to put right of one company, which is not stored. Raises InvalidSettings; TryAgain,
    PleoError, AccountingError where not everything could be read."""
    # Only in a company's turn: most hours are nobody's.
    from pleo_export.sync.health import findings  # noqa: PLC0415
    from pleo_export.sync.mapping_facts import MappingReader  # noqa: PLC0415

    reader = MappingReader(connection, services)
    used = reader.used()
    return findings(used.uses, reader.facts(used), connection.settings.support_contact)


def _due(services: Services) -> list[str]:
    """Return the companies whose turn it is, those first that have waited longest."""
    company_ids = services.connections.all_company_ids()
    known, now = services.mapping_health.get_many(company_ids), services.clock()
    latest = {each: known.get(each, MappingHealth()) for each in company_ids}
    rested = [each for each, health in latest.items() if (health.checked_at or NEVER) < now - REST]
    due: list[str] = []
    for some in in_batches(rested, LOOKED_UP):
        settings = services.connections.raw_settings_of(some)
        due += (each for each in some if has_its_turn(each, zone_of(settings.get(each, {})), now))
    return sorted(due, key=lambda each: (latest[each].begun_at or NEVER, each))


def has_its_turn(company_id: str, zone: ZoneInfo, now: datetime) -> bool:
    """Return whether it is the company's hour of the night by now, or a later one of the same night."""
    own_hour = number_of(company_id) % NIGHT_HOURS
    return own_hour <= now.astimezone(zone).hour < MORNING


def _check_company(company_id: str, services: Services) -> CheckResult:
    """Check one company, and keep what is found. Its errors never reach another company."""
    try:
        with error_boundary(company_id=company_id):
            services.mapping_health.begin(company_id, services.clock())
            connection = services.connection(company_id)
            return _keep(company_id, check_mapping(connection, services), services)
    except PASSING:
        return CheckResult.LATER
    except PleoExportError:
        return CheckResult.FAILED


def _keep(company_id: str, found: Sequence[MappingFinding], services: Services) -> CheckResult:
    """Keep the findings, then tell of the new ones: of each once, however often it is found."""
    before = {each.key for each in services.mapping_health.get(company_id).findings}
    kept = [KeptFinding(each.key, each.code, each.told, each.who.value) for each in found]
    services.mapping_health.save(company_id, kept, services.clock())
    new = [each for each in kept[:MOST_KEPT] if each.key not in before]  # of those beyond nobody would know tomorrow
    logger.info("mapping checked", extra={"findings": len(kept), "new_findings": len(new)})
    measure("MappingFindings", len(kept))
    count("NewMappingFindings", len(new))
    if new:
        from pleo_export.sync.mapping_notification import notify_of_findings  # noqa: PLC0415 - only where there are

        notify_of_findings(company_id, new, len(kept), services)
    return CheckResult.FINDINGS if kept else CheckResult.HEALTHY
