"""The state CompleteJob: every item is final, so the job can be. See workflow/complete_job.py."""

from pleo_export.workflow.complete_job import complete_job
from pleo_export.workflow.entry import state
from pleo_export.workflow.events import JobRun

handler = state(JobRun, complete_job)
