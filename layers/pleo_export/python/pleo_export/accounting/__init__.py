"""The port to accounting systems, its errors, and one module per connector."""
