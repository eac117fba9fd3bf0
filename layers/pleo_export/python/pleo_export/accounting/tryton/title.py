"""What people call this accounting system."""

TITLE = "Tryton"
