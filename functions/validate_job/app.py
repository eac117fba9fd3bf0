"""The state ValidateJob: can this job be booked at all? See workflow/validate_job.py."""

from pleo_export.services.handler import state_handler
from pleo_export.workflow.validate_job import ValidateJobInput, validate_job

handler = state_handler(ValidateJobInput, validate_job)
