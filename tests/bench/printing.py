"""One manner of printing figures: what, measured, limit or goal, ratio, whether it is met."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number; `goal` is its bound, `is_most` says that it must not be above it."""

    what: str
    measured: float
    unit: str
    goal: float | None = None
    is_most: bool = True

    @property
    def is_met(self) -> bool:
        """Whether the goal holds; a figure without one is only told."""
        if self.goal is None:
            return True
        return self.measured <= self.goal if self.is_most else self.measured >= self.goal


def print_load() -> None:
    """Tell what else the machine does before the run: figures of a busy one are worth less."""
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    print(f"load of the machine before the run: {load} on {os.cpu_count()} cores", flush=True)


def print_figures(title: str, figures: list[Figure]) -> int:
    """Print a table and return how many goals were missed."""
    width = max(len(figure.what) for figure in figures)
    print(f"\n{title}\n{'what':<{width}}  {'measured':>14}  {'goal':>14}  {'ratio':>7}")
    for figure in figures:
        goal, ratio, verdict = "", "", ""
        if figure.goal is not None:
            goal = f"{'≤' if figure.is_most else '≥'} {figure.goal:g} {figure.unit}"
            ratio = f"{figure.measured / figure.goal:.2f}" if figure.goal else ""
            verdict = "ok" if figure.is_met else "missed"
        measured = f"{figure.measured:.4g} {figure.unit}"
        print(f"{figure.what:<{width}}  {measured:>14}  {goal:>14}  {ratio:>7}  {verdict}")
    return sum(not figure.is_met for figure in figures)
