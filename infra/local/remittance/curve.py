"""Precision against recall over the threshold, as an SVG picture."""

from collections.abc import Sequence
from html import escape

from infra.local.remittance.evaluate import Quality

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 420, 70, 60, 40, 20
_STYLE = "font-family:sans-serif;font-size:12px"


def svg(points: Sequence[Quality], chosen: Quality, target: tuple[float, float], rival: tuple[float, float]) -> str:
    """The curve with the chosen threshold and the target's corner, and what exact references reach.

    Args:
        points: measured at thresholds of every strictness.
        target, rival: recall and precision.
    """
    low_x = min([p.recall for p in points] + [target[0]]) - 0.02
    low_y = min([p.precision for p in points] + [target[1]]) - 0.001

    def at(recall: float, precision: float) -> tuple[float, float]:
        x = LEFT + (recall - low_x) / (1 - low_x) * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(TOP + (1 - precision) / (1 - low_y) * (HEIGHT - TOP - BOTTOM), 1)

    line = " ".join(f"{x},{y}" for x, y in (at(p.recall, p.precision) for p in points))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" style="{_STYLE}">',
        "<title>Cash application: precision against recall over the threshold</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *_axes(low_x, low_y),
        _target(at(*target)),
        f'<polyline points="{line}" fill="none" stroke="#0b5cad" stroke-width="2"/>',
        _dot(at(chosen.recall, chosen.precision), "#0b5cad", f"applied from {chosen.threshold_permille} permille"),
        f'<text x="{LEFT + 10}" y="{HEIGHT - BOTTOM - 12}" fill="#a33">'
        f"exact references alone lie outside: recall {rival[0]:.2f}, precision {rival[1]:.2f}</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes(low_x: float, low_y: float) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#444"/>']
    for i in range(5):
        x, y = LEFT + (right - LEFT) * i / 4, bottom - (bottom - TOP) * i / 4
        parts.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{low_x + (1 - low_x) * i / 4:.3f}</text>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{low_y + (1 - low_y) * i / 4:.4f}</text>')
    middle = (TOP + bottom) / 2
    parts.append(
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 15}" text-anchor="middle">recall of matchable lines</text>'
    )
    parts.append(
        f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">precision of applied</text>'
    )
    return parts


def _target(corner: tuple[float, float]) -> str:
    x, y = corner
    return (
        f'<rect x="{x}" y="{TOP}" width="{WIDTH - RIGHT - x:.1f}" height="{y - TOP:.1f}" fill="#dff0df"/>'
        f'<text x="{x + 6}" y="{TOP - 8}" fill="#2a662a">target</text>'
    )


def _dot(at: tuple[float, float], colour: str, label: str) -> str:
    x, y = at
    side, shift = ("end", -9) if x > WIDTH / 2 else ("start", 9)
    return (
        f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>'
        f'<text x="{x + shift}" y="{y + 16}" text-anchor="{side}" fill="{colour}">{escape(label)}</text>'
    )
