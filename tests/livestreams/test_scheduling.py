"""Plans of shows: their states, clashes, series, and what becomes of them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from common.errors import Invalid, MoveRefused, NotFound
from livestreams.errors import HostNotActive, SessionClash
from livestreams.models import LiveSession, SessionSeries
from livestreams.services import presenting, scheduling
from livestreams.services.repeating import Repeat
from livestreams.statuses import SESSION_MOVES, SessionStatus
from shops.statuses import HostStatus
from tests.factories.livestreams import NOW, make_session
from tests.factories.shops import authorize_host, make_host, make_person, make_shop

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture
def plan(market, zhuoma, valkey):
    """A function that plans a show of zhuoma."""

    def save(**changes):
        values = {
            "actor": zhuoma, "shop_id": market.shop.pk, "title": "青稞丰收", "scheduled_at": LATER,
            "now": NOW,
        }  # fmt: skip
        return scheduling.save_session(**values | changes)

    return save


@pytest.mark.parametrize("status", SessionStatus.values)
@pytest.mark.parametrize(
    ("step", "target"),
    [
        (scheduling.schedule_session, "scheduled"),
        (presenting.start_session, "live"),
        (presenting.end_session, "ended"),
        (scheduling.cancel_session, "cancelled"),
    ],
)
def test_only_the_moves_of_the_table(market, zhuoma, valkey, status, step, target):
    session = make_session(host=market.host, shop=market.shop, status=status, at=LATER)
    # Starting what is on air, and ending what is over, are repetitions without effect.
    repeated = {"live": {"live", "interrupted"}, "ended": {"ended"}}.get(target, set())

    if status in repeated:
        step(actor=zhuoma, session_id=session.pk, now=NOW)
        expected = status
    elif target in SESSION_MOVES.get(status, ()):
        step(actor=zhuoma, session_id=session.pk, now=NOW)
        expected = target
    else:
        with pytest.raises(MoveRefused):
            step(actor=zhuoma, session_id=session.pk, now=NOW)
        expected = status

    session.refresh_from_db()
    assert session.status == expected


@pytest.mark.parametrize("status", ["live", "interrupted", "ended", "cancelled"])
def test_plan_of_a_show_that_began_is_not_changed(plan, market, status):
    session = make_session(host=market.host, shop=market.shop, status=status, at=NOW)

    with pytest.raises(MoveRefused):
        plan(session_id=session.pk, title="新的名字")

    session.refresh_from_db()
    assert session.title == "青稞丰收"


def test_past_time_is_refused_and_told(plan):
    with pytest.raises(Invalid) as refused:
        plan(scheduled_at=NOW - timedelta(minutes=3))

    assert list(refused.value.fields) == ["scheduled_at"]
    assert LiveSession.objects.count() == 0


def test_late_show_can_still_be_renamed(plan, market):
    session = make_session(
        host=market.host, shop=market.shop, status="scheduled", at=NOW - timedelta(hours=1)
    )

    plan(session_id=session.pk, title="新的名字", scheduled_at=session.scheduled_at)

    session.refresh_from_db()
    assert session.title == "新的名字"


@pytest.mark.parametrize(("minutes", "is_fine"), [(9, False), (10, True), (720, True), (721, False)])
def test_length_is_bounded(plan, minutes, is_fine):
    if is_fine:
        assert plan(planned_minutes=minutes).planned_minutes == minutes
    else:
        with pytest.raises(Invalid):
            plan(planned_minutes=minutes)


# ---- Clashes


@pytest.mark.parametrize(
    ("offset", "clashes"), [(-121, False), (-120, False), (-119, True), (0, True), (119, True), (120, False)]
)
def test_overlap_is_a_clash_that_names_the_other_show(plan, offset, clashes):
    scheduled = plan(title="蜂蜜专场")
    start = LATER + timedelta(minutes=offset)

    if not clashes:
        plan(scheduled_at=start)
        return
    with pytest.raises(SessionClash) as refused:
        plan(scheduled_at=start)

    words = str(refused.value.message)
    local = timezone.localtime(scheduled.scheduled_at)
    assert "蜂蜜专场" in words
    assert local.strftime("%Y-%m-%d %H:%M") in words
    assert LiveSession.objects.count() == 1
    assert plan(scheduled_at=start, allow_clash=True).scheduled_at == start


def test_other_host_and_other_shop_do_not_clash(plan, market, zoya):
    host = make_host(user=zoya, village=market.village)
    make_session(host=host, shop=make_shop(owner=zoya), status="scheduled", at=LATER)

    assert plan().scheduled_at == LATER


@pytest.mark.parametrize("status", ["scheduled", "live", "interrupted"])
def test_another_host_of_the_same_shop_clashes(plan, market, status):
    host = make_host(user=make_person(name="央金"), village=market.village)
    make_session(host=host, shop=market.shop, status=status, at=LATER, title="央金的直播")

    with pytest.raises(SessionClash):
        plan()


@pytest.mark.parametrize("status", ["ended", "cancelled"])
def test_what_is_over_does_not_clash(plan, market, status):
    make_session(host=market.host, shop=market.shop, status=status, at=LATER)

    assert plan().status == "draft"


def test_drafts_of_others_are_not_given_away(market, zhuoma, valkey):
    """Zhuoma presents for mei's shop without working in it: the shop's other drafts are not hers to know."""
    other = make_host(user=make_person(name="央金"), village=market.village)
    authorize_host(farmer=market.farmer, host=other)
    make_session(host=other, shop=market.shop, status="draft", at=LATER, title="秘密计划")

    scheduling.save_session(actor=zhuoma, shop_id=market.shop.pk, title="青稞", scheduled_at=LATER, now=NOW)

    assert LiveSession.objects.filter(title="青稞").count() == 1


def test_moving_a_show_does_not_clash_with_itself(plan):
    session = plan()

    moved = plan(session_id=session.pk, scheduled_at=LATER + timedelta(minutes=30))

    assert moved.scheduled_at == LATER + timedelta(minutes=30)


def test_announcing_looks_again(plan, market, zhuoma):
    session = plan()
    make_session(host=market.host, shop=market.shop, status="scheduled", at=LATER)

    with pytest.raises(SessionClash):
        scheduling.schedule_session(actor=zhuoma, session_id=session.pk, now=NOW)

    session.refresh_from_db()
    assert (session.status, session.announced_at) == ("draft", None)
    scheduling.schedule_session(actor=zhuoma, session_id=session.pk, now=NOW, allow_clash=True)
    session.refresh_from_db()
    assert (session.status, session.announced_at) == ("scheduled", NOW)


# ---- Series


@pytest.mark.parametrize(("frequency", "days"), [("daily", 1), ("weekly", 7), ("fortnightly", 14)])
def test_series_keeps_the_hour_of_the_villages_clock(plan, frequency, days):
    first = plan(repeat=Repeat(frequency, count=26))

    starts = list(first.series.sessions.order_by("scheduled_at").values_list("scheduled_at", flat=True))
    assert starts == [LATER + timedelta(days=days * number) for number in range(26)]
    assert {timezone.localtime(start).strftime("%H:%M") for start in starts} == {"16:00"}
    assert (first.series.count, first.series.frequency) == (26, frequency)


def test_series_until_a_day_includes_that_day(plan):
    # 2 September 2026, 16:00 in the village; the 16th is the third Wednesday.
    assert plan(repeat=Repeat("weekly", until=date(2026, 9, 16))).series.sessions.count() == 3
    late = datetime(2026, 9, 2, 23, 30, tzinfo=UTC)  # already the 3rd in the village
    assert plan(scheduled_at=late, repeat=Repeat("daily", until=date(2026, 9, 4))).series.count == 2


@pytest.mark.parametrize(
    "repeat",
    [
        Repeat("daily", count=1),
        Repeat("daily", count=61),
        Repeat("daily"),
        Repeat("weekly", count=3, until=date(2026, 10, 1)),
        Repeat("daily", until=date(2026, 9, 2)),
        Repeat("daily", until=date(2027, 9, 2)),
    ],
)
def test_series_is_bounded(plan, repeat):
    with pytest.raises(Invalid):
        plan(repeat=repeat)

    assert (LiveSession.objects.count(), SessionSeries.objects.count()) == (0, 0)


def test_longest_series_is_planned_at_once(plan):
    assert plan(repeat=Repeat("daily", count=60)).series.sessions.count() == 60


def test_series_clashes_anywhere_in_it(plan):
    plan(title="蜂蜜专场", scheduled_at=LATER + timedelta(days=14))

    with pytest.raises(SessionClash):
        plan(repeat=Repeat("weekly", count=4))

    assert LiveSession.objects.count() == 1


@pytest.fixture
def series(plan, zhuoma):
    """Four announced weekly shows."""
    first = plan(repeat=Repeat("weekly", count=4))
    scheduling.schedule_session(actor=zhuoma, session_id=first.pk, now=NOW, is_following_too=True)
    return list(first.series.sessions.order_by("scheduled_at"))


def test_one_of_a_series_is_changed_alone(plan, series):
    plan(session_id=series[1].pk, title="单独一场", scheduled_at=series[1].scheduled_at)

    assert list(series[0].series.sessions.order_by("scheduled_at").values_list("title", flat=True)) == [
        "青稞丰收", "单独一场", "青稞丰收", "青稞丰收",
    ]  # fmt: skip


def test_those_that_follow_move_along(plan, series):
    starts = [session.scheduled_at for session in series]
    hour = timedelta(hours=1)

    plan(session_id=series[1].pk, scheduled_at=starts[1] + hour, is_following_too=True)

    for session in series:
        session.refresh_from_db()
    assert [session.scheduled_at for session in series] == [
        starts[0], starts[1] + hour, starts[2] + hour, starts[3] + hour,
    ]  # fmt: skip
    assert [session.revision for session in series] == [0, 1, 1, 1]


def test_those_that_follow_are_called_off(series, zhuoma):
    scheduling.cancel_session(
        actor=zhuoma, session_id=series[2].pk, reason="大雪封山", now=NOW, is_following_too=True
    )

    for session in series:
        session.refresh_from_db()
    assert [session.status for session in series] == ["scheduled", "scheduled", "cancelled", "cancelled"]
    assert series[3].cancel_reason == "大雪封山"


def test_what_was_held_stays_when_the_rest_is_called_off(series, zhuoma):
    LiveSession.objects.filter(pk=series[3].pk).update(status="live")

    scheduling.cancel_session(actor=zhuoma, session_id=series[1].pk, now=NOW, is_following_too=True)

    statuses = [LiveSession.objects.get(pk=session.pk).status for session in series]
    assert statuses == ["scheduled", "cancelled", "cancelled", "live"]


# ---- People


def test_strangers_plan_change_and_cancel_nothing(plan, market, zoya):
    session = plan()
    for act in (
        lambda: plan(actor=zoya),
        lambda: plan(actor=zoya, session_id=session.pk, title="我的"),
        lambda: scheduling.schedule_session(actor=zoya, session_id=session.pk, now=NOW),
        lambda: scheduling.cancel_session(actor=zoya, session_id=session.pk, now=NOW),
    ):
        with pytest.raises(NotFound):
            act()

    session.refresh_from_db()
    assert (LiveSession.objects.count(), session.status, session.title) == (1, "draft", "青稞丰收")


def test_suspended_host_is_not_announced(plan, market, zhuoma):
    session = plan()
    market.host.status = HostStatus.SUSPENDED
    market.host.save(update_fields=["status"])

    with pytest.raises(HostNotActive):
        scheduling.schedule_session(actor=zhuoma, session_id=session.pk, now=NOW)

    session.refresh_from_db()
    assert session.status == "draft"


def test_renaming_a_show_does_not_ask_about_its_time_again(plan, market):
    session = plan()
    make_session(host=market.host, shop=market.shop, status="scheduled", at=LATER)

    assert plan(session_id=session.pk, title="新的名字").title == "新的名字"
