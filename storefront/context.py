"""What every page's bars may show. Nothing is read from the database unless the template shows it."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.selectors import count_unread
from orders.models import CartLine
from orders.selectors.talking import count_unread_of_buyer
from shops.models import Host, ShopMember
from shops.statuses import HostStatus


def people(request: HttpRequest) -> dict:
    """Return is_seller, is_host, unread_count, talk_count and cart_count (lines) of the person, lazily."""
    user = getattr(request, "user", None)
    if user is None:
        return {}
    return {
        "is_seller": _lazy(user, lambda: ShopMember.objects.filter(user=user).exists(), False),
        "is_host": _lazy(
            user, lambda: Host.objects.filter(user=user, status=HostStatus.ACTIVE).exists(), False
        ),
        "unread_count": _lazy(user, lambda: count_unread(user), 0),
        "talk_count": _lazy(user, lambda: count_unread_of_buyer(user), 0),
        "cart_count": _lazy(user, lambda: CartLine.objects.filter(cart__user=user).count(), 0),
    }


def _lazy(user, read, without):
    return SimpleLazyObject(lambda: read() if user.is_authenticated else without)
