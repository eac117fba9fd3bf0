"""Replace the tokens of one grant, for whoever found them about to end. See workflow/refresh_tokens.py."""

from pleo_export.workflow.entry import state
from pleo_export.workflow.refresh_tokens import refresh_tokens
from pleo_export.workflow.refresher import Refresh

handler = state(Refresh, refresh_tokens)
