"""The picture of `make demo` in the README: `python -m tests.docs.demo` runs the demo and writes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.demo import __main__ as demo
from local.demo import output

PICTURE = Path(__file__).parents[2] / "docs" / "demo.svg"
WIDTH = 110
LEFT_OUT = ("8. ", "next:")  # from the one heading to the other
LONGEST, KEPT_FIRST, KEPT_LAST = 16, 10, 2  # lines of a block: as much as a reader looks at
FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # from a foreign host: a reader's own monospace font does


def main() -> int:
    """Run the demo to its end, and keep what it printed, but for the middle of its long blocks."""
    output.console = Console(record=True, width=WIDTH, highlight=False, color_system="truecolor", force_terminal=False)
    code = demo.main()
    printed = [Text.from_ansi(line) for line in output.console.export_text(styles=True).splitlines()]
    picture = Console(record=True, width=WIDTH, highlight=False, file=StringIO())
    for line in shortened(chosen(printed)):
        picture.print(line)
    PICTURE.write_text(FONT.sub("", picture.export_svg(title="make demo")))
    return code


def chosen(lines: Iterable[Text]) -> Iterator[Text]:
    """Yield the lines, without the chapter that is left out."""
    begin, end = LEFT_OUT
    skipping = False
    for line in lines:
        skipping = line.plain.startswith(begin) or (skipping and not line.plain.startswith(end))
        if not skipping:
            yield line


def shortened(lines: Iterable[Text]) -> Iterator[Text]:
    """Yield the lines, without the middle of long blocks: those without an empty line in them."""
    for empty, group in groupby(lines, key=lambda line: not line.plain.strip()):
        block = list(group)
        if empty:
            yield Text()
        elif len(block) <= LONGEST:
            yield from block
        else:
            left_out = len(block) - KEPT_FIRST - KEPT_LAST
            yield from (*block[:KEPT_FIRST], Text(f"  … {left_out} more lines", style="dim"), *block[-KEPT_LAST:])


if __name__ == "__main__":
    sys.exit(main())
