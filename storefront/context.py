"""What every page's bars may show. Nothing is read from the database unless the template shows it."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.selectors import count_unread
from orders.models import CartLine
from orders.selectors.talking import count_unread_of_buyer
from shops.models import Farmer, Host, ShopMember
from shops.statuses import HostStatus


def people(request: HttpRequest) -> dict:
    """Return what bars show of the person, lazily: has_desk, is_farmer, what is new or in the cart."""
    user = getattr(request, "user", None)
    if user is None:
        return {}
    return {
        "has_desk": _lazy(user, lambda: getattr(request, "has_desk", False) or _has_desk(user), False),
        "is_farmer": _lazy(user, lambda: Farmer.objects.filter(user=user).exists(), False),
        "unread_count": _lazy(user, lambda: count_unread(user), 0),
        "talk_count": _lazy(user, lambda: count_unread_of_buyer(user), 0),
        "cart_count": _lazy(user, lambda: CartLine.objects.filter(cart__user=user).count(), 0),
    }


def _has_desk(user) -> bool:
    is_seller = ShopMember.objects.filter(user=user).exists()
    return is_seller or Host.objects.filter(user=user, status=HostStatus.ACTIVE).exists()


def _lazy(user, read, without):
    return SimpleLazyObject(lambda: read() if user.is_authenticated else without)
