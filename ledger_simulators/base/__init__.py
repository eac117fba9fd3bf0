"""What the simulators of all ledgers share: the server, the faults, the clock's control and the table of names."""
