"""The picture of `make demo` in the README: `python -m tests.docs.demo` runs the demo and writes it."""

from __future__ import annotations

import re
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.demo import __main__ as demo
from local.demo import output

PICTURE = Path(__file__).parents[2] / "docs" / "demo.svg"
WIDTH, LINES = 110, 56  # as much as a reader looks at
FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # from a foreign host: a reader's own monospace font does


def main() -> int:
    """Run the demo to its end, and keep the beginning of what it printed."""
    output.console = Console(record=True, width=WIDTH, highlight=False, color_system="truecolor", force_terminal=False)
    code = demo.main()
    printed = output.console.export_text(styles=True).splitlines()
    picture = Console(record=True, width=WIDTH, highlight=False, file=StringIO())
    picture.print(Text.from_ansi("\n".join(printed[:LINES])))
    PICTURE.write_text(FONT.sub("", picture.export_svg(title="make demo")))
    return code


if __name__ == "__main__":
    sys.exit(main())
