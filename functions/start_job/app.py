"""The state StartJob: tell Pleo that the job has started, once. See workflow/start_job.py."""

from pleo_export.workflow.entry import state
from pleo_export.workflow.events import JobRun
from pleo_export.workflow.start_job import start_job

handler = state(JobRun, start_job)
