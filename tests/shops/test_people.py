"""Farmers, their consent, and the operator's decisions (PR8)."""

import pytest

from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from notifications.models import Notification
from shops.models import Farmer, FarmerAuthorization
from shops.selectors import farmers_of, terms_of
from shops.services.listing import reject_product
from shops.services.people import (
    add_farmer,
    approve_host,
    approve_shop,
    authorize,
    reopen_shop,
    revoke,
    submit_shop,
    suspend_host,
    suspend_shop,
    update_farmer,
)
from shops.statuses import HostStatus, ShopStatus
from tests.factories.shops import NOW, add_member, make_host, make_photo, make_shop


def test_farmer_without_account_is_written_down_with_terms(market, mei):
    farmer = add_farmer(
        actor=mei,
        shop=market.shop,
        name=" 央金 ",
        village=market.village,
        phone="+86 139 0000 0000",
        host_commission_bp=800,
        floor_price_bp=9000,
        now=NOW,
    )

    terms = farmer.authorizations.get()
    assert (farmer.name, farmer.contact.phone, farmer.user) == ("央金", "13900000000", None)
    assert (terms.shop, terms.host_commission_bp, terms.floor_price_bp) == (market.shop, 800, 9000)
    assert farmer in farmers_of(mei)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "长" * 61}, "name"),
        ({"phone": "12"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"host_commission_bp": 5001}, "host_commission_bp"),
        ({"host_commission_bp": -1}, "host_commission_bp"),
        ({"floor_price_bp": 10_001}, "floor_price_bp"),
        ({"name": "扎西", "phone": "13800000006"}, "name"),  # already there
    ],
)
def test_wrong_farmer_writes_nothing(market, mei, changes, field):
    values = {"name": "央金", "phone": "13900000000"} | changes

    with pytest.raises(Invalid) as refusal:
        add_farmer(actor=mei, shop=market.shop, village=market.village, now=NOW, **values)

    assert list(refusal.value.fields) == [field]
    assert Farmer.objects.count() == 1


def test_stranger_adds_changes_and_revokes_nothing(market, zoya):
    with pytest.raises(NotFound):
        add_farmer(
            actor=zoya, shop=market.shop, name="央金", village=market.village, phone="13900000000", now=NOW
        )
    with pytest.raises(NotFound):
        update_farmer(
            actor=zoya,
            farmer=market.farmer,
            name="x",
            village=market.village,
            phone="13900000000",
            now=NOW,
        )
    with pytest.raises(NotFound):
        revoke(actor=zoya, authorization=market.shop_authorization, now=NOW)
    with pytest.raises(NotFound):
        authorize(actor=zoya, farmer=market.farmer, shop=market.shop, now=NOW)

    market.farmer.refresh_from_db()
    assert (Farmer.objects.count(), market.farmer.name) == (1, "扎西")
    assert FarmerAuthorization.objects.filter(status="granted").count() == 2


def test_portrait_of_a_stranger_is_not_found(market, mei, zoya):
    with pytest.raises(NotFound):
        add_farmer(
            actor=mei,
            shop=market.shop,
            name="央金",
            village=market.village,
            phone="13900000000",
            portrait=make_photo(user=zoya),
            now=NOW,
        )


def test_new_terms_keep_the_old_ones_as_history(market, mei):
    new = authorize(actor=mei, farmer=market.farmer, host=market.host, host_commission_bp=700, now=NOW)

    market.host_authorization.refresh_from_db()
    assert (market.host_authorization.status, market.host_authorization.revoked_at) == ("revoked", NOW)
    assert terms_of(product=market.product, host=market.host, shop=market.shop) == new


def test_terms_fall_back_to_the_shops_and_end_with_consent(market, mei):
    assert terms_of(product=market.product, host=market.host, shop=market.shop) == market.host_authorization
    revoke(actor=mei, authorization=market.host_authorization, now=NOW)
    assert terms_of(product=market.product, host=market.host, shop=market.shop) == market.shop_authorization

    revoke(actor=mei, authorization=market.shop_authorization, now=NOW)

    assert terms_of(product=market.product, host=market.host, shop=market.shop) is None
    assert market.farmer not in farmers_of(mei)


def test_operator_decides_about_shops_with_audit(market, mei, operator):
    shop = make_shop(owner=mei, status=ShopStatus.DRAFT)
    submit_shop(actor=mei, shop=shop, now=NOW)

    approve_shop(actor=operator, shop=shop, now=NOW)
    suspend_shop(actor=operator, shop=shop, reason="假货", now=NOW)

    shop.refresh_from_db()
    entry = AuditEntry.objects.filter(target=f"shop:{shop.pk}").first()
    assert shop.status == ShopStatus.SUSPENDED
    assert (entry.actor, entry.before, entry.after, entry.reason) == (
        f"user:{operator.pk}",
        {"status": "open"},
        {"status": "suspended"},
        "假货",
    )


def test_only_the_operator_decides_and_says_why(market, mei, operator):
    with pytest.raises(NotAllowed):
        suspend_shop(actor=mei, shop=market.shop, reason="x", now=NOW)
    with pytest.raises(Invalid):
        suspend_shop(actor=operator, shop=market.shop, reason=" ", now=NOW)
    with pytest.raises(MoveRefused):
        approve_shop(actor=operator, shop=market.shop, now=NOW)

    market.shop.refresh_from_db()
    assert market.shop.status == ShopStatus.OPEN
    assert AuditEntry.objects.count() == 0


def test_clerk_cannot_submit_the_shop(market, mei, zoya):
    shop = make_shop(owner=mei, status=ShopStatus.DRAFT)
    add_member(shop=shop, user=zoya)

    with pytest.raises(NotFound):
        submit_shop(actor=zoya, shop=shop, now=NOW)


def test_host_is_approved_and_suspended(market, zoya, operator):
    host = make_host(user=zoya, village=market.village, status=HostStatus.APPLIED)

    assert approve_host(actor=operator, host=host, now=NOW).status == HostStatus.ACTIVE
    assert suspend_host(actor=operator, host=host, reason="x", now=NOW).status == HostStatus.SUSPENDED


def test_operator_takes_a_listing_off_and_the_shop_is_told_why(market, mei, operator):
    with pytest.raises(NotAllowed):
        reject_product(actor=mei, product=market.product, reason="x", now=NOW)
    with pytest.raises(Invalid):
        reject_product(actor=operator, product=market.product, reason="", now=NOW)

    reject_product(actor=operator, product=market.product, reason="照片不是本货", now=NOW)

    market.product.refresh_from_db()
    assert (market.product.status, market.product.rejected_reason) == ("rejected", "照片不是本货")
    assert Notification.objects.get().body == "高山青稞米: 照片不是本货"
    assert AuditEntry.objects.get().actor == f"user:{operator.pk}"


def test_suspended_shop_reopens(market, operator):
    suspend_shop(actor=operator, shop=market.shop, reason="x", now=NOW)

    assert reopen_shop(actor=operator, shop=market.shop, now=NOW).status == ShopStatus.OPEN


def test_host_sees_the_farmer_and_writes_no_terms(market, zhuoma):
    assert market.farmer in farmers_of(zhuoma)

    with pytest.raises(NotAllowed):
        authorize(actor=zhuoma, farmer=market.farmer, host=market.host, host_commission_bp=5000, now=NOW)
    with pytest.raises(NotAllowed):
        update_farmer(
            actor=zhuoma, farmer=market.farmer, name="x", village=market.village, phone="13900000000", now=NOW
        )
    with pytest.raises(NotAllowed):
        revoke(actor=zhuoma, authorization=market.shop_authorization, now=NOW)

    assert terms_of(product=market.product, host=market.host, shop=market.shop).host_commission_bp == 500


def test_farmer_with_an_account_ends_consent_and_comes_back_as_the_same(market, mei, zoya):
    market.farmer.user = zoya
    market.farmer.save(update_fields=["user"])
    revoke(actor=zoya, authorization=market.shop_authorization, now=NOW)

    again = add_farmer(
        actor=mei, shop=market.shop, name="扎西", village=market.village, phone="13800000006", now=NOW
    )

    assert again == market.farmer
    assert again.authorizations.filter(shop=market.shop).count() == 2
