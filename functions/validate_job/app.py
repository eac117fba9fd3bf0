"""The state ValidateJob: can this job be booked at all? See workflow/validate_job.py."""

from pleo_export.services.handler import state
from pleo_export.workflow.validate_job import JobFacts, validate_job

handler = state(JobFacts, validate_job)
