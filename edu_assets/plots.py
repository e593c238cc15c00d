"""Figures as people see them: in figures, and as bars in SVG; asset pages and reports show them alike.

Belongs here: spelling a figure, drawing points. Does not belong here: choosing them (gold/report.py,
orchestration/samples.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

LABELLED = 24
"""More bars than that carry no labels but the first and the last."""

Point = tuple[str, float]
Unit = Literal["share", "count", "number"]
"""A share is shown in percent, a count whole, a number with its decimals."""


def bars(title: str, points: Sequence[Point], unit: Unit = "number") -> str:
    """A bar a point, from zero, as SVG."""
    width, height, top, left, foot = 640, 240, 28, 52, 40
    most = max(value for _, value in points) or 1.0
    step = (width - left) / len(points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="11" fill="#333">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="16" font-size="13">{escape(title)}</text>',
    ]
    for share in (0, 0.5, 1):
        y = height - foot - share * (height - foot - top)
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{spelled(share * most, unit)}</text>')
    for n, (label, value) in enumerate(points):
        tall = value / most * (height - foot - top)
        x = left + n * step
        parts.append(
            f'<rect x="{x + step * 0.1:.1f}" y="{height - foot - tall:.1f}" width="{step * 0.8:.1f}"'
            f' height="{tall:.1f}" fill="#4f7cac"><title>{escape(label)}: {spelled(value, unit)}</title></rect>'
        )
        if len(points) <= LABELLED or n in (0, len(points) - 1):
            anchor = "start" if n == 0 and len(points) > LABELLED else "end" if len(points) > LABELLED else "middle"
            at = x + step / 2 if anchor == "middle" else x if anchor == "start" else x + step
            parts.append(
                f'<text x="{at:.1f}" y="{height - foot + 16}" text-anchor="{anchor}">{escape(label[:12])}</text>'
            )
    return "".join([*parts, "</svg>"])


def spelled(value: float | None, unit: Unit) -> str:
    """A figure in figures; what is not told is a dash."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "count" or value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"
