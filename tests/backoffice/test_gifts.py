"""Gifts in the admin: the market's list, giving back with a reason, and what comparisons find."""

from datetime import timedelta

import pytest
from django.db import connection

from backoffice.comparing import JOBS
from common.clock import utc_now
from common.models import AuditEntry
from livestreams.models import Gift, GiftKind
from payments.models import Payment, Refund
from payments.services.refunding import send_refund
from payments.services.returning_gifts import return_gift
from tests.factories.gifts import choose, give, make_gift_kind
from tests.factories.livestreams import make_session
from tests.factories.payouts import close_week, statement_of
from tests.factories.providers import providers, providers_process

__all__ = ["providers", "providers_process"]
pytestmark = pytest.mark.django_db

ADD = "/admin/livestreams/giftkind/add/"
TYPED = {
    "name": "酥油茶", "icon": "gift", "price_fen": "2800", "platform_bp": "2000", "position": "1",
    "is_active": "on",
}  # fmt: skip


@pytest.fixture
def show(market):
    return make_session(host=market.host, shop=market.shop)


@pytest.fixture
def given(arun, show, providers) -> Gift:
    return give(providers=providers, giver=arun, session=show, kind=make_gift_kind())[0]


def found() -> list[tuple[str, str, str]]:
    now = utc_now()
    return [
        (one.kind, one.expected, one.found) for job in ("gifts_money", "balances") for one in JOBS[job](now)
    ]


def forge(statement: str, *values) -> None:
    """Change a row as somebody would who can do anything at the database."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        try:
            cursor.execute(statement, values)
        finally:
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_an_operator_writes_the_list_audited(client, operator, arun, show):
    client.force_login(operator)
    assert client.get(ADD).status_code == 200

    assert client.post(ADD, TYPED).status_code == 302

    kind = GiftKind.objects.get()
    assert (kind.name, kind.price_fen, kind.platform_bp, kind.is_active) == ("酥油茶", 2800, 2000, True)
    gift = choose(giver=arun, session=show, kind=kind)
    change = f"/admin/livestreams/giftkind/{kind.pk}/change/"
    assert client.post(change, TYPED | {"price_fen": "3000"}).status_code == 302
    kind.refresh_from_db()
    gift.refresh_from_db()
    assert (kind.price_fen, gift.amount_fen) == (3000, 2800)
    audited = AuditEntry.objects.filter(target=f"giftkind:{kind.pk}").order_by("pk")
    assert [entry.action for entry in audited] == ["admin.add", "admin.change"]
    assert (audited[1].before, audited[1].after) == ({"price_fen": 2800}, {"price_fen": 3000})


@pytest.mark.parametrize(
    "change",
    [{"price_fen": "0"}, {"price_fen": "-1"}, {"price_fen": "1000001"}, {"price_fen": "9.9"},
     {"platform_bp": "5001"}, {"platform_bp": "-1"}, {"name": ""}, {"icon": "skull"}],
)  # fmt: skip
def test_a_senseless_kind_is_refused(client, operator, change):
    client.force_login(operator)

    answer = client.post(ADD, TYPED | change)

    assert answer.status_code == 200 and answer.context["errors"]
    assert not GiftKind.objects.exists()


def test_an_operator_gives_back_by_a_move_with_a_reason(client, operator, given):
    client.force_login(operator)
    move = f"/admin/livestreams/gift/{given.pk}/move/return/"
    client.post(move, {"reason": ""})
    assert not Refund.objects.exists()

    assert client.post(move, {"reason": "孩子点的"}).status_code == 302

    given.refresh_from_db()
    assert (given.status, Refund.objects.get().gift) == ("returning", given)
    client.post(move, {"reason": "again"})
    assert Refund.objects.count() == 1


def test_c10_who_may_only_look_gives_nothing_back(client, clerk_of_house, given):
    client.force_login(clerk_of_house("view_gift"))
    move = f"/admin/livestreams/gift/{given.pk}/move/return/"

    assert client.get(f"/admin/livestreams/gift/{given.pk}/change/").status_code == 200
    assert client.post(move, {"reason": "x"}).status_code == 403

    given.refresh_from_db()
    assert given.status == "paid" and not Refund.objects.exists()


def test_a_given_and_a_returned_gift_agree_at_each_step(operator, given):
    assert found() == []
    refund = return_gift(actor=operator, gift_id=given.pk, reason="误点", now=utc_now())
    assert found() == []
    send_refund(refund_id=refund.pk, now=utc_now())
    assert found() == []


@pytest.mark.parametrize(
    ("statement", "differences"),
    [
        ("UPDATE livestreams_gift SET status = 'pending', paid_at = NULL WHERE id = %s",
         [("gift_paid", "0", "999"), ("gift_of_host", "0", "700")]),
        ("UPDATE livestreams_gift SET platform_fen = 0 WHERE id = %s", [("gift_of_host", "999", "700")]),
        ("UPDATE payments_payment SET status = 'failed' WHERE gift_id = %s", [("gift_paid", "999", "0")]),
        ("UPDATE livestreams_gift SET status = 'returned' WHERE id = %s",
         [("gift_of_host", "0", "700"), ("gift_returned", "999", "0")]),
        ("UPDATE ledger_ledgerentry SET source = 'gift:0' WHERE source = 'gift:' || %s",
         [("gift_of_host", "700", "0")]),
    ],
)  # fmt: skip
def test_each_difference_of_a_gift_is_found(given, statement, differences):
    forge(statement, given.pk)

    assert found() == differences


def test_a_gift_that_waits_for_ever_is_found(arun, show):
    gift = choose(giver=arun, session=show, kind=make_gift_kind(), now=utc_now() - timedelta(hours=1))

    assert found() == [("gift_waits_too_long", "0", "1")]
    assert gift.status == "pending"


def test_a_refund_of_a_gift_that_is_not_given_back_is_found(given):
    Refund.objects.create(
        payment=Payment.objects.get(gift=given), gift=given, reference="R1", amount_fen=999, reason="x",
        created_at=utc_now(),
    )  # fmt: skip

    assert found() == [("gift_not_returned", "0", "999")]


def test_a_tally_that_says_other_gifts_is_found(market, given):
    tally = statement_of(close_week(shop=market.shop, now=utc_now()), host=market.host)
    forge(
        "UPDATE payouts_payoutstatement SET gift_fen = gift_fen + 5, platform_fee_fen = platform_fee_fen + 5"
        " WHERE id = %s",
        tally.pk,
    )

    assert found() == [("tally_gifts", "999", "1004")]
