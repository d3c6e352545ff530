"""A show's minutes as points and columns of a drawing. Shapes only; words and colours are the template's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sellerdesk.selectors.show_report import Minute

# A phone 360 px wide shows so many columns that a finger can still tell apart.
MOST_COLUMNS = 60
# A show of two minutes must not become two slabs.
FEWEST_COLUMNS = 12
WIDTH, HEIGHT = 600, 120
STEPS = (1, 2, 5, 10, 15, 30, 60)


@dataclass(frozen=True)
class Bar:
    """One column, in units of the drawing; `at` is when it begins."""

    at: datetime
    value: int
    x: float
    y: float
    width: float
    height: float
    is_dark: bool


@dataclass(frozen=True)
class Chart:
    """A drawing WIDTH by HEIGHT; `points` is a polyline, `bars` the same values as columns."""

    step_minutes: int
    top: int
    first_at: datetime
    last_at: datetime
    bars: list[Bar]
    points: str
    width: int = WIDTH
    height: int = HEIGHT


def line_of(minutes: Sequence[Minute], field: str) -> Chart | None:
    """Return a chart of the largest value in each step; None where there is nothing but zeros."""
    return _chart(minutes, field, max)


def columns_of(minutes: Sequence[Minute], field: str) -> Chart | None:
    """Return a chart of the sum in each step; None where there is nothing but zeros."""
    return _chart(minutes, field, sum)


def _chart(minutes: Sequence[Minute], field: str, join) -> Chart | None:
    step = next((step for step in STEPS if len(minutes) <= step * MOST_COLUMNS), STEPS[-1])
    groups = [minutes[start : start + step] for start in range(0, len(minutes), step)]
    values = [join(getattr(one, field) for one in group) for group in groups]
    top = max(values, default=0)
    if not top:
        return None
    width = WIDTH / max(len(groups), FEWEST_COLUMNS)
    bars = [
        Bar(
            at=group[0].at,
            value=value,
            x=round(index * width + width * 0.1, 1),
            y=round(HEIGHT - value * HEIGHT / top, 1),
            width=round(width * 0.8, 1),
            height=round(value * HEIGHT / top, 1),
            is_dark=any(one.is_dark for one in group),
        )
        for index, (group, value) in enumerate(zip(groups, values, strict=True))
    ]
    points = " ".join(f"{bar.x + bar.width / 2:.1f},{bar.y:.1f}" for bar in bars)
    return Chart(
        step_minutes=step, top=top, first_at=minutes[0].at, last_at=minutes[-1].at, bars=bars, points=points
    )
