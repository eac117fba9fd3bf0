"""Replace the tokens of one grant, when a function finds that they end soon. See authorisation/refresh_tokens.py."""

from pleo_export.authorisation.refresh_tokens import refresh_tokens
from pleo_export.services.handler import state_handler
from pleo_export.services.token_refresher import RefreshRequest

handler = state_handler(RefreshRequest, refresh_tokens)
