"""The floor: what is left of an export when only the calls are made that the two APIs force.

One process, one loop, no AWS, no store: search, create, post, read back, report. It books nothing twice as long as it
is not interrupted; what makes that hold after a crash is what the product adds. The documents are built by the
project's own pure functions, the loop and its calls are its own.
"""
