"""The state FailJob: the run cannot go on; say so honestly. See workflow/fail_job.py."""

from pleo_export.services.events import FailedRun
from pleo_export.services.handler import state
from pleo_export.workflow.fail_job import fail_job

handler = state(FailedRun, fail_job)
