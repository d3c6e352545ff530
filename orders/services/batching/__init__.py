"""Many purchases of one flash deal in one transaction (speed.md). Same rules, same rows as placing.py."""

from orders.services.batching.batch import Outcome, place_batch
from orders.services.batching.wishes import Wish

__all__ = ["Outcome", "Wish", "place_batch"]
