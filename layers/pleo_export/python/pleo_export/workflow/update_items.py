"""UpdateItems: report a finished chunk to Pleo at once: the checkpoint, and the heartbeat of the job (R-6.7)."""

from __future__ import annotations

from pleo_export.errors import Unexpected
from pleo_export.observability import logger
from pleo_export.services.events import ChunkInput
from pleo_export.services.services import Services
from pleo_export.workflow.ownership import prove_ours
from pleo_export.workflow.refreshed_lists import synced_lists
from pleo_export.workflow.reporting import report


def update_items(run: ChunkInput, services: Services) -> None:
    """Report the results of a chunk. Raises NotOurs when the job is over at Pleo or another run's by now, TryAgain when
    Pleo does not answer."""
    items = services.payloads.read_chunk(run.job_id, run.execution, run.chunk)
    results = services.results.of_chunk(run.job_id, run.execution, run.chunk, [item.entry_id for item in items])
    if len(results) < len(items):
        raise Unexpected(f"chunk {run.chunk} has {len(items)} items but {len(results)} results")
    prove_ours(run, services)
    by_pleo_id = {item.told_as: results[item.entry_id] for item in items}
    connection = services.connection(run.company_id)
    report(services.pleo(connection), run.job_id, by_pleo_id, synced_lists(connection))
    logger.info("chunk reported", extra={"chunk": run.chunk, "items": len(items)})
