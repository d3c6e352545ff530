"""Twenty farmers with one product each, put into a running market: `python -m tests.journeys.many_farmers`.

Prints the shop's id. Each farmer lets the shop and zhuoma sell, from 90 % of the listed ¥50 on.
"""

import os

import django

GOODS = 20
PRICE_FEN = 5000
FLOOR_BP = 9000


def main() -> None:
    """Write the rows into the database that the environment names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
    django.setup()
    from shops.models import Host  # noqa: PLC0415 (only after set-up)
    from tests.factories.shops import (  # noqa: PLC0415
        authorize_host,
        authorize_shop,
        make_farmer,
        make_product,
    )

    host = Host.objects.get(user__display_name__startswith="卓玛")
    shop = host.sessions.order_by("pk").last().shop
    for number in range(1, GOODS + 1):
        farmer = make_farmer(village=shop.village, name=f"Planter {number:02}")
        authorize_shop(farmer=farmer, shop=shop, floor_price_bp=FLOOR_BP)
        authorize_host(farmer=farmer, host=host, host_commission_bp=500, floor_price_bp=FLOOR_BP)
        make_product(
            shop=shop, farmer=farmer, title=f"Planned {number:02}", price_fen=PRICE_FEN, with_photo=False
        )
    print(shop.pk)


if __name__ == "__main__":
    main()
