"""What all functions share: their dependencies, their handlers, their events, and the mapping of errors."""
