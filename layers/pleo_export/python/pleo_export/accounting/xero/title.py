"""What people call this accounting system."""

TITLE = "Xero"
