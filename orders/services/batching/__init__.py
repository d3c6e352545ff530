"""Many purchases in one transaction (speed.md). Same rules, same rows as placing.py."""

from orders.services.batching.baskets import place_baskets
from orders.services.batching.batch import place_batch
from orders.services.batching.outcomes import Outcome
from orders.services.batching.wishes import Basket, Wish

__all__ = ["Basket", "Outcome", "Wish", "place_baskets", "place_batch"]
