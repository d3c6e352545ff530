"""A third shop with one product, put into a running market: `python -m tests.journeys.third_shop`.

The demo village has two shops. Prints the product's id.
"""

import os
import secrets

import django

PRICE_FEN = 2350


def main() -> None:
    """Write the rows into the database that the environment names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
    django.setup()
    from shops.models import Village  # noqa: PLC0415 (only after set-up)
    from tests.factories.shops import (  # noqa: PLC0415
        authorize_shop,
        make_farmer,
        make_person,
        make_product,
        make_shop,
    )

    mark = secrets.token_hex(2)
    phone = f"137{secrets.randbelow(10**8):08d}"
    owner = make_person(name=f"Owner {mark}", phone=phone)
    village = Village.objects.order_by("pk").first()
    shop = make_shop(owner=owner, village=village, name=f"Third shop {mark}")
    farmer = make_farmer(village=village, name=f"Planter {mark}")
    authorize_shop(farmer=farmer, shop=shop)
    product = make_product(
        shop=shop, farmer=farmer, title=f"Walnuts {mark}", price_fen=PRICE_FEN, with_photo=False
    )
    print(product.pk)


if __name__ == "__main__":
    main()
