"""The three programs that are measured: the product, the naive reference, the floor."""
