"""The state CompleteJob: every item is final, so complete the job. See workflow/complete_job.py."""

from pleo_export.services.events import JobInput
from pleo_export.services.handler import state_handler
from pleo_export.workflow.complete_job import complete_job

handler = state_handler(JobInput, complete_job)
