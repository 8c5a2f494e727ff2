"""A plot of several lines over logarithmic axes, as SVG that is readable on light and on dark paper."""

import math
from collections.abc import Mapping, Sequence
from html import escape

Line = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 150, 20, 44
_COLOURS = ("#3b82c4", "#8fb8de", "#c8702a", "#e3b083", "#4f9d69", "#a9cdb5")


def plot(lines: Mapping[str, Line], *, x: str, y: str) -> str:
    """The plot.

    Args:
        lines: Points by the name of their line; all numbers above 0.
        x, y: What the axes measure.
    """
    points = [point for line in lines.values() for point in line]
    across = _Axis([one for one, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _Axis([one for _, one in points], _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"',
        'font-family="system-ui, sans-serif" font-size="12">',
        "<style>text { fill: #6b7280 } .grid { stroke: #9ca3af; stroke-opacity: .35 }</style>",
    ]
    for tick in across.ticks:
        place = across.at(tick)
        parts.append(_grid(place, _TOP, place, _HEIGHT - _BOTTOM))
        parts.append(_text(place, _HEIGHT - _BOTTOM + 16, f"{tick:,.0f}", "middle"))
    for tick in up.ticks:
        place = up.at(tick)
        parts.append(_grid(_LEFT, place, _WIDTH - _RIGHT, place))
        parts.append(_text(_LEFT - 6, place + 4, f"{tick:,g}", "end"))
    for (name, line), colour in zip(lines.items(), _COLOURS, strict=False):
        path = " ".join(f"{across.at(one):.1f},{up.at(other):.1f}" for one, other in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for one, other in line:
            parts.append(
                f'<circle cx="{across.at(one):.1f}" cy="{up.at(other):.1f}" r="3" fill="{colour}"/>'
            )
        last = line[-1]
        parts.append(_text(across.at(last[0]) + 8, up.at(last[1]) + 4, name, "start"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, x, "middle"))
    parts.append(_text(_LEFT - 6, _TOP - 6, y, "end"))
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """From powers of ten to places."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self._low = math.floor(math.log10(min(values)) + 1e-9)
        self._high = max(math.ceil(math.log10(max(values)) - 1e-9), self._low + 1)
        self._begin, self._end = begin, end
        self.ticks = [10.0**power for power in range(self._low, self._high + 1)]

    def at(self, value: float) -> float:
        part = (math.log10(value) - self._low) / (self._high - self._low)
        return self._begin + part * (self._end - self._begin)


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
