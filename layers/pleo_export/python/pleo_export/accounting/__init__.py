"""The port to accounting systems, its errors, and one package per connector."""
