"""Who may enter the desk. Strangers cannot tell that a page is there."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from common.errors import NotFound
from shops.models import Host, Shop
from shops.selectors import shops_of
from shops.statuses import HostStatus

View = Callable[..., HttpResponse]


def sees_earnings(user: User, shop_id: int) -> bool:
    """Say whether the person may see what farmers earn in the shop: its owners may, clerks and hosts not."""
    return Shop.objects.for_owner(user).filter(pk=shop_id).exists()


def member_required(view: View) -> View:
    """Let only people who work in a shop in; `request.own_shops` lists their shops."""

    @wraps(view)
    def checked(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        request.own_shops = list(shops_of(request.user))
        if not request.own_shops:
            raise NotFound()
        request.has_desk = True
        return view(request, *args, **kwargs)

    return login_required(checked)


def desk_required(view: View) -> View:
    """Let people who work in a shop and active hosts in; `request.own_shops` lists their shops, if any."""

    @wraps(view)
    def checked(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        request.own_shops = list(shops_of(request.user))
        is_host = Host.objects.filter(user=request.user, status=HostStatus.ACTIVE).exists()
        if not request.own_shops and not is_host:
            raise NotFound()
        request.has_desk = True
        return view(request, *args, **kwargs)

    return login_required(checked)
