"""What an operator does with exports from the command line: preview, reconcile, reverse, audit."""
