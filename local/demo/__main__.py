"""python -m local.demo"""

from __future__ import annotations

import sys

from local import interruption
from local.processes import ChildFailed


def main() -> int:
    """Tell the story. Its modules load in there, so that Ctrl-C is answered from the beginning."""
    try:
        return interruption.run(_tell)
    except ChildFailed as error:
        print(f"✗ {error}")
        return 1


def _tell() -> int:
    from local.demo.story import tell  # noqa: PLC0415

    return tell()


if __name__ == "__main__":
    sys.exit(main())
