"""`python -m local.tryton [PORT]`: fresh books until interrupted."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from local.tryton.books import Books

ROOT = Path(__file__).parents[2] / ".local/tryton"


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else None
    with Books(ROOT, port) as books:
        print(f"Tryton listens on {books.url}, database {books.database}")
        print(f"API key of the integration: {books.token}")
        print(f"For people: user admin, password {books.admin_password}. Ctrl-C ends it.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Books closed.")


if __name__ == "__main__":
    main()
