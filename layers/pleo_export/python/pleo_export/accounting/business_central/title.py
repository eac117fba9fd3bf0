"""What people call this accounting system."""

TITLE = "Business Central"
