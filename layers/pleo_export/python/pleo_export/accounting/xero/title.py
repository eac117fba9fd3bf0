"""What people call this accounting system, and what a grant for it has to cover."""

TITLE = "Xero"
# Of the access token; `offline_access` is asked for besides, so that there is a refresh token.
SCOPES = (
    *("accounting.settings.read", "accounting.banktransactions", "accounting.manualjournals"),
    *("accounting.invoices", "accounting.payments", "accounting.attachments", "accounting.contacts"),
)
