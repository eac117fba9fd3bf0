"""The state StartJob: tell Pleo that the job has started, once. See workflow/start_job.py."""

from pleo_export.services.events import JobRun
from pleo_export.services.handler import state
from pleo_export.workflow.start_job import start_job

handler = state(JobRun, start_job)
