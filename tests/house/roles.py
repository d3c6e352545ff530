"""The role matrix (rules.md 8): every URL × who calls it → the answer's status, written down and tried.

Each app's rows stand in tests/house/matrix/<app>.py as `ROWS = [row(...), ...]`; this module joins them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.house import matrix
from villagemarket.doors import DOORS

# arun bought the order of the world; the farmer has an account here, to be tried as a role of their own.
ROLES = ("anonymous", "buyer", "stranger", "farmer", "clerk", "host", "staff")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Tried as a whole, model by model: tests/house/test_roles.py.
ADMIN = "admin/"


@dataclass(frozen=True)
class Row:
    """One call and what each role gets."""

    method: str
    route: str
    statuses: dict[str, int]
    path: Callable[[Any], str]
    data: Callable[[Any], Any] = lambda world: None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How a failing test calls it."""
        return f"{self.method} {self.route}"


def row(
    method: str,
    route: str,
    statuses: str | int,
    path: Callable[[Any], str] | None = None,
    data: Callable[[Any], Any] | dict | None = None,
    **headers: str,
) -> Row:
    """Say what each role gets.

    `route` is the URL pattern as urls.py spells it, from the root ("api/v1/orders/<slug:number>/").
    `statuses` are seven numbers in the order of ROLES, or one for all.
    `path` makes the real path from the `world` fixture; routes without arguments need none.
    `data` is the body: a dict goes as JSON under /api/, as a form elsewhere.
    `headers` are keyword arguments such as idempotency_key="…".
    """
    numbers = [int(part) for part in str(statuses).split()]
    numbers = numbers * len(ROLES) if len(numbers) == 1 else numbers
    if len(numbers) != len(ROLES):
        raise ValueError(f"{method} {route}: {len(ROLES)} statuses are needed, not {len(numbers)}")
    body = data if callable(data) else lambda world: data
    return Row(
        method,
        route,
        dict(zip(ROLES, numbers, strict=True)),
        path or (lambda world: "/" + route),
        body,
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


def all_rows() -> list[Row]:
    """The rows of every app."""
    modules = [import_module(f"{matrix.__name__}.{module.name}") for module in iter_modules(matrix.__path__)]
    return [one for module in modules for one in module.ROWS]


def all_calls() -> set[tuple[str, str]]:
    """(method, route) of everything the market answers, without the admin.

    A view that does not tell its methods counts once, with the method ANY.
    """
    calls = set()
    for route, view in _routes(get_resolver().url_patterns, ""):
        if not route.startswith(ADMIN):
            calls |= {(method, route) for method in _methods(view)}
    for door in DOORS:
        calls |= {(method, door.path) for method in door.methods if method in METHODS}
    return calls


def _routes(patterns: list, prefix: str):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def _methods(view) -> list[str]:
    view_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if view_class is None:
        return ["ANY"]
    actions = getattr(view, "actions", None)
    names = actions or [name for name in view_class.http_method_names if hasattr(view_class, name)]
    return [name.upper() for name in names if name.upper() in METHODS]
