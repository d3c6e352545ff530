"""Reads of after-sales cases, each from a person's scope."""

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import User
from common.errors import NotFound
from orders.models import AfterSaleCase, AfterSaleLine, AfterSalePhoto
from orders.statuses import CaseKind, CaseStatus

CASE_TABS: dict[str, tuple[str, ...]] = {
    "to_answer": (CaseStatus.REQUESTED, CaseStatus.AWAITING_RECEIPT),
    "under_way": (
        CaseStatus.OFFERED,
        CaseStatus.AWAITING_RETURN,
        CaseStatus.AWAITING_REFUND,
        CaseStatus.REJECTED,
    ),
    "done": (CaseStatus.REFUNDED, CaseStatus.CLOSED),
}

# A return that the shop has agreed to, and has not said no to since.
RETURNED = (
    CaseStatus.AWAITING_RETURN,
    CaseStatus.AWAITING_RECEIPT,
    CaseStatus.AWAITING_REFUND,
    CaseStatus.REFUNDED,
)


def list_visible_cases(*, user: User) -> QuerySet[AfterSaleCase]:
    """Return the person's own cases and those of their shops, newest first."""
    asked = AfterSaleCase.objects.for_buyer(user).values("pk")
    answered = AfterSaleCase.objects.for_member(user).values("pk")
    found = AfterSaleCase.objects.filter(pk__in=asked) | AfterSaleCase.objects.filter(pk__in=answered)
    return _with_parts(found).order_by("-pk")


def list_own_cases(*, user: User) -> QuerySet[AfterSaleCase]:
    """Return what the buyer asked: what goes on first, the newest first among both."""
    is_done = Q(status__in=CASE_TABS["done"])
    return (
        _with_parts(AfterSaleCase.objects.for_buyer(user)).alias(is_done=is_done).order_by("is_done", "-pk")
    )


def list_shop_cases(*, user: User, tab: str) -> QuerySet[AfterSaleCase]:
    """Return cases of the person's shops; `tab` is a key of CASE_TABS: to answer, the most urgent first."""
    cases = AfterSaleCase.objects.for_member(user).filter(status__in=CASE_TABS[tab])
    return _with_parts(cases).order_by("deadline_at" if tab == "to_answer" else "-pk", "pk")


def count_cases_to_answer(*, user: User) -> int:
    """Return how many cases wait for the person's shops."""
    return AfterSaleCase.objects.for_member(user).filter(status__in=CASE_TABS["to_answer"]).count()


def last_return_address(*, shop_id: int) -> str:
    """Return where a shop wanted goods sent back the last time it said so, else nothing."""
    told = AfterSaleCase.objects.filter(
        order__shop=shop_id, kind=CaseKind.RETURN_AND_REFUND, status__in=RETURNED
    ).exclude(reply="")
    return told.order_by("-pk").values_list("reply", flat=True).first() or ""


def get_visible_case(*, user: User, case_id: int) -> AfterSaleCase:
    """Return a case that the person asked, or their shop answers; NotFound for a stranger."""
    return _one(list_visible_cases(user=user), case_id)


def get_own_case(*, user: User, case_id: int) -> AfterSaleCase:
    """Return the buyer's own case; NotFound for a stranger."""
    return _one(list_own_cases(user=user), case_id)


def get_shop_case(*, user: User, case_id: int) -> AfterSaleCase:
    """Return a case of the member's shop; NotFound for a stranger."""
    return _one(_with_parts(AfterSaleCase.objects.for_member(user)), case_id)


def _with_parts(cases: QuerySet) -> QuerySet:
    lines = AfterSaleLine.objects.select_related(
        "order_line__variant__product__village", "order_line__farmer__village",
        "order_line__farmer__portrait", "order_line__live_session__host",
        "order_line__weighing__case",
    ).prefetch_related(
        "order_line__variant__product__photos", "order_line__allocations__lot",
        "order_line__allocations__farmer",
    )  # fmt: skip
    evidence = AfterSalePhoto.objects.select_related("photo")
    return cases.select_related(
        "order__shop__village", "order__shop__contact", "order__group"
    ).prefetch_related(
        Prefetch("lines", queryset=lines), Prefetch("evidence", queryset=evidence), "events", "offers__lines"
    )


def _one(cases: QuerySet, case_id: int) -> AfterSaleCase:
    case = cases.filter(pk=case_id).first()
    if case is None:
        raise NotFound()
    return case
