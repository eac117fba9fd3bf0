"""Charts as plain SVG: horizontal bars, each of one or more parts. They read on white and on black."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 760, 210, 110, 22, 12, 64
COLOURS = ("#2a78d6", "#eb6834", "#1baf7a", "#4a3aa7", "#eda100", "#e34948", "#898781", "#52514e")
TEXT, FAINT, SURFACE = "#0b0b0b", "#52514e", "#ffffff"


@dataclass(frozen=True)
class Bar:
    """A bar: its name, the sizes of its parts, and what is written behind it."""

    name: str
    parts: tuple[float, ...]
    told: str

    @property
    def size(self) -> float:
        """The sum of the parts."""
        return sum(self.parts)


@dataclass(frozen=True)
class Chart:
    """Bars on one scale. `legend` names the parts; a part without a name is not used."""

    title: str
    subtitle: str
    bars: Sequence[Bar]
    legend: Sequence[str] = ()


def svg(chart: Chart) -> str:
    """Return the chart. Raises ValueError for one without bars."""
    if not chart.bars:
        raise ValueError("a chart without bars")
    legend = _legend(chart)
    top = TOP + (22 if len(chart.legend) > 1 else 0) + (18 if len(legend) > 1 else 0)
    height = top + len(chart.bars) * (BAR + GAP) + 8
    scale = (WIDTH - LEFT - RIGHT) / (max(each.size for each in chart.bars) or 1)
    body = [
        f'<rect width="{WIDTH}" height="{height}" fill="{SURFACE}"/>',
        _text(16, 26, chart.title, size=16, weight="bold"),
        _text(16, 46, chart.subtitle, size=12, colour=FAINT),
        *(each for line in legend for each in line),
    ]
    for number, bar in enumerate(chart.bars):
        body += _bar(bar, top + number * (BAR + GAP), scale)
    inner = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" role="img" aria-label="{escape(chart.title)}">\n{inner}\n</svg>\n'
    )


def _bar(bar: Bar, y: int, scale: float) -> list[str]:
    drawn = [_text(LEFT - 8, y + 15, bar.name, size=12, anchor="end")]
    x = float(LEFT)
    for number, part in enumerate(bar.parts):
        width = part * scale
        if width >= 0.05:
            colour = COLOURS[number % len(COLOURS)]
            drawn.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>')
        x += width
    return [*drawn, _text(x + 6, y + 15, bar.told, size=12)]


def _legend(chart: Chart) -> list[list[str]]:
    if len(chart.legend) < 2:
        return []
    lines: list[list[str]] = [[]]
    x, y = 16, TOP
    for number, name in enumerate(chart.legend):
        width = 34 + 8 * len(name)
        if x + width > WIDTH - 16:
            lines.append([])
            x, y = 16, y + 18
        colour = COLOURS[number % len(COLOURS)]
        lines[-1] += [
            f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>',
            _text(x + 17, y, name, size=12, colour=FAINT),
        ]
        x += width
    return lines


def _text(
    x: float, y: float, text: str, *, size: int, weight: str = "normal", colour: str = TEXT, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
