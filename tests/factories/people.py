"""The named people of the tests: zhuoma the host, tashi the farmer without a phone app, mei the shop owner,
arun the buyer, zoya the stranger, and the operator. `market` is the village in which they deal."""

from dataclasses import dataclass

import pytest

from accounts.models import Address, User
from shops.models import Category, Farmer, FarmerAuthorization, Host, Product, Shop, Variant, Village
from tests.factories.shops import (
    authorize_host,
    authorize_shop,
    make_category,
    make_farmer,
    make_host,
    make_person,
    make_product,
    make_shop,
    make_village,
)


@dataclass(frozen=True)
class Market:
    """One village on a market day: mei's open co-operative sells tashi's barley, zhuoma presents it."""

    village: Village
    category: Category
    shop: Shop
    host: Host
    farmer: Farmer
    shop_authorization: FarmerAuthorization
    host_authorization: FarmerAuthorization
    product: Product
    variant: Variant
    address: Address


@pytest.fixture
def zhuoma(db) -> User:
    return make_person(name="卓玛", phone="13800000001")


@pytest.fixture
def mei(db) -> User:
    return make_person(name="梅姐", phone="13800000002")


@pytest.fixture
def arun(db) -> User:
    return make_person(name="阿润", phone="13800000003", email="arun@example.com")


@pytest.fixture
def zoya(db) -> User:
    return make_person(name="佐雅", phone="13800000004")


@pytest.fixture
def operator(db) -> User:
    return make_person(name="运营员", phone="13800000005", is_staff=True, is_superuser=True)


@pytest.fixture
def tashi(market: Market) -> Farmer:
    """The farmer of the market; he has a number that takes SMS, and no account."""
    return market.farmer


@pytest.fixture
def market(mei: User, zhuoma: User, arun: User) -> Market:
    return make_market(mei=mei, zhuoma=zhuoma, arun=arun)


def make_market(*, mei: User, zhuoma: User, arun: User) -> Market:
    """Make the village of these people."""
    village = make_village(name="云岭村", name_en="Yunling", altitude_m=3300)
    shop = make_shop(owner=mei, village=village, name="云岭合作社")
    host = make_host(user=zhuoma, village=village)
    farmer = make_farmer(village=village, name="扎西", phone="13800000006")
    category = make_category()
    shop_authorization = authorize_shop(farmer=farmer, shop=shop)
    host_authorization = authorize_host(farmer=farmer, host=host, host_commission_bp=500)
    product = make_product(
        shop=shop, farmer=farmer, title="高山青稞米", price_fen=6800, stock=100, category=category
    )
    address = Address.objects.create(
        user=arun,
        recipient="阿润",
        phone="13800000003",
        region_code="310101",
        region="上海市黄浦区",
        detail="人民路 1 号",
        is_default=True,
    )
    return Market(
        village=village,
        category=category,
        shop=shop,
        host=host,
        farmer=farmer,
        shop_authorization=shop_authorization,
        host_authorization=host_authorization,
        product=product,
        variant=product.variants.get(),
        address=address,
    )
