"""The pleo-export command, for AWS and for the local stack alike."""
