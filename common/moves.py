"""Allowed moves between states: a table in each app's statuses.py, checked in one place."""

from collections.abc import Mapping

from common.errors import MoveRefused

Moves = Mapping[str, frozenset[str]]


def check_move(moves: Moves, current: str, target: str) -> None:
    """Refuse with MoveRefused unless the table allows current -> target."""
    if target not in moves.get(current, frozenset()):
        raise MoveRefused()
