"""The results of the benchmark for people: a table on the terminal, charts, the page."""
