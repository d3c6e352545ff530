"""Many purchases of one flash deal in one transaction (speed.md). Same rules, same rows as placing.py."""

from orders.services.batching.batch import place_batch
from orders.services.batching.outcomes import Outcome
from orders.services.batching.wishes import Wish

__all__ = ["Outcome", "Wish", "place_batch"]
