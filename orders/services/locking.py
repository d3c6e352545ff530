"""The first lock of every move of an order (rules.md 2: order before payment before stock before ledger)."""

from django.db.models import QuerySet

from common.errors import NotFound
from orders.models import Order


def lock_group(group_id: int) -> list[Order]:
    """Lock the orders of a purchase in ascending pk and return them; needs a transaction."""
    return list(Order.objects.select_for_update().filter(group_id=group_id).order_by("pk"))


def lock_order(scope: QuerySet, number: str) -> Order:
    """Lock one order out of a person's scope; NotFound when it is not theirs. Needs a transaction."""
    order = scope.filter(number=number).first()
    if order is None:
        raise NotFound()
    return Order.objects.select_for_update().get(pk=order.pk)
