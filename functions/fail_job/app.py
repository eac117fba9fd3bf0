"""The state FailJob: the run cannot go on, so tell Pleo why, and end the job. See workflow/fail_job.py."""

from pleo_export.services.events import FailJobInput
from pleo_export.services.handler import state_handler
from pleo_export.workflow.fail_job import fail_job

handler = state_handler(FailJobInput, fail_job)
