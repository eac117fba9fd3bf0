"""The state StartJob: tell Pleo that the job has started, once. See workflow/start_job.py."""

from pleo_export.services.events import JobInput
from pleo_export.services.handler import state_handler
from pleo_export.workflow.start_job import start_job

handler = state_handler(JobInput, start_job)
