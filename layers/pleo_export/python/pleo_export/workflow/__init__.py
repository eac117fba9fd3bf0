"""The use cases, one module per state of the machine: the only place that joins the other packages."""
