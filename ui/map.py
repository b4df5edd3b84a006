"""Places of an answer as a drawing of its own: no tiles, nothing fetched.

Degrees become metres on a plane that touches the middle of the points (equirectangular projection),
which is true enough within a city. A bar tells how far things are apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from agents.state import MapPoint
from ui.page import Texts

WIDTH, HEIGHT, EDGE = 480, 280, 28
METRES_PER_DEGREE = 111_320.0
LEAST_SPAN_M = 400.0
"""So wide is the drawing at least, or a single place would stand on nothing."""

BAR_SHARE = 0.3


def drawing(points: Sequence[MapPoint], words: Texts) -> str:
    """An SVG of `points` with their markers, and a list of them for who cannot see it; or nothing."""
    if not points:
        return ""
    places, metres = _laid_out(points)
    dots = "".join(
        f'<g transform="translate({x:.1f} {y:.1f})"><title>{escape(point.label)}</title>'
        f'<circle r="11"/><text y="4">{_number(point, order)}</text></g>'
        for order, (point, (x, y)) in enumerate(zip(points, places, strict=True), 1)
    )
    listed = "".join(
        f"<li>{_number(p, n)}. {escape(p.label)}</li>" for n, p in enumerate(points, 1)
    )
    return (
        f'<figure class="v-map"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(words.map)}">{dots}{_bar(metres)}</svg>'
        f"<figcaption>{escape(words.map)}</figcaption>"
        f'<ul class="v-map-list">{listed}</ul></figure>'
    )


def _number(point: MapPoint, order: int) -> int:
    return point.marker or order


def _laid_out(points: Sequence[MapPoint]) -> tuple[list[tuple[float, float]], float]:
    """Where each point stands in the drawing, and how many metres a unit of it is."""
    middle = (min(p.latitude for p in points) + max(p.latitude for p in points)) / 2
    east = math.cos(math.radians(middle)) * METRES_PER_DEGREE
    plane = [(p.longitude * east, -p.latitude * METRES_PER_DEGREE) for p in points]
    left, right = min(x for x, _ in plane), max(x for x, _ in plane)
    top, bottom = min(y for _, y in plane), max(y for _, y in plane)
    metres = max(
        (right - left) / (WIDTH - 2 * EDGE),
        (bottom - top) / (HEIGHT - 2 * EDGE),
        LEAST_SPAN_M / (WIDTH - 2 * EDGE),
    )
    across, down = (left + right) / 2, (top + bottom) / 2
    places = [
        (WIDTH / 2 + (x - across) / metres, HEIGHT / 2 + (y - down) / metres) for x, y in plane
    ]
    return places, metres


def _bar(metres: float) -> str:
    """A bar of 1, 2 or 5 times a power of ten metres, at most a third of the drawing."""
    most = metres * WIDTH * BAR_SHARE
    power = 10 ** math.floor(math.log10(most))
    length = next(step * power for step in (5, 2, 1) if step * power <= most)
    shown = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    end = 14 + length / metres
    line = f"M14 {HEIGHT - 18}v6H{end:.1f}v-6"
    return f'<path d="{line}"/><text class="v-map-bar" x="14" y="{HEIGHT - 24}">{shown}</text>'
