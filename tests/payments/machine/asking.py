"""Rules of after-sales: ask, answer, send back, be judged, be silent."""

from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import rule

from orders.models import AfterSaleCase, Order
from orders.services import asking_back, judging, offering_less
from orders.services.asking_back import WantedBack
from orders.services.offering_less import OfferedLine
from orders.statuses import CaseReason
from tests.factories.cases import ask, back_on_the_way
from tests.payments.machine.people import FEW, PICK, MarketDay, key

NOT_ASKED = (
    "invalid", "cash_due", "cancel_instead", "case_too_late", "units_taken", "too_many_cases", "move_refused",
)  # fmt: skip


class Asking(MarketDay):
    """After the sale."""

    def case_in(self, which: int, *states: str) -> AfterSaleCase | None:
        """Return one of the cases in these states."""
        return self.one(which, AfterSaleCase.objects.filter(status__in=states).select_related("order"))

    @rule(
        which=PICK,
        kind=st.sampled_from(["refund_only", "return_and_refund"]),
        reason=st.sampled_from(CaseReason.values),
        units=FEW,
        less=st.booleans(),
        is_whole=st.booleans(),
    )
    def open_case(self, which, kind, reason, units, less, is_whole):
        order = self.one(which, Order.objects.filter(captured_fen__gt=0))
        if order is None:
            return
        lines = list(order.lines.all())[: None if is_whole else 1]
        wanted = [
            WantedBack(
                line.pk, min(units, line.quantity), line.paid_fen // line.quantity // 3 or 1 if less else None
            )
            for line in lines
        ]
        with self.may_refuse(*NOT_ASKED):
            ask(order, order.group.buyer, lines=wanted, kind=kind, reason=reason, now=self.now)

    @rule(which=PICK, reason=st.sampled_from(["damaged", "changed_mind"]), units=FEW, far=st.integers(0, 3))
    def a_return_goes_some_way(self, which, reason, units, far):
        self.return_some_way(which, reason, units, far)

    def return_some_way(self, which: int, reason: str, units: int, far: int) -> None:
        """Ask for the money of what has been sent, and let `far` of the next three steps happen."""
        order = self.one(which, Order.objects.filter(captured_fen__gt=0, shipments__isnull=False).distinct())
        line = order and order.lines.filter(after_sale_units__lt=F("quantity")).first()
        if not line:
            return
        units = min(units, line.quantity - line.after_sale_units)
        case = None
        with self.may_refuse("case_too_late", "move_refused", "invalid"):  # it is not sent yet
            case = ask(
                order, order.group.buyer, lines=[WantedBack(line.pk, units)], kind="return_and_refund",
                reason=reason, now=self.now,
            )  # fmt: skip
        steps = (self.shop_says_yes_to, self.goods_go_back_of, self.goods_are_back_of)
        for step in steps[:far] if case else ():
            step(case)
            case.refresh_from_db()

    def shop_says_yes_to(self, case: AfterSaleCase) -> None:
        """The shop grants it, or asks for the goods."""
        judging.approve_case(
            actor=self.seller_of(case.order), case_id=case.pk, idempotency_key=key(), now=self.now
        )

    def goods_go_back_of(self, case: AfterSaleCase) -> None:
        """The buyer sends them."""
        back_on_the_way(case, case.order.group.buyer, now=self.now)

    def goods_are_back_of(self, case: AfterSaleCase, restock: bool = True) -> None:
        """The shop has them, and may put them on the shelf again."""
        judging.receive_return(
            actor=self.seller_of(case.order), case_id=case.pk, restock=restock, idempotency_key=key(),
            now=self.now,
        )  # fmt: skip
        for line in case.lines.select_related("order_line") if restock else ():
            variant = line.order_line.variant_id
            self.restocked[variant] = self.restocked.get(variant, 0) + line.quantity

    @rule(which=PICK)
    def withdraw(self, which):
        case = self.case_in(
            which, "requested", "offered", "rejected", "awaiting_return", "awaiting_receipt", "refunded"
        )
        if case:
            with self.may_refuse("move_refused"):
                asking_back.withdraw_case(
                    buyer=case.order.group.buyer, case_id=case.pk, idempotency_key=key(), now=self.now
                )

    @rule(which=PICK)
    def shop_says_yes(self, which):
        case = self.case_in(which, "requested")
        if case:
            self.shop_says_yes_to(case)

    @rule(which=PICK, appeals=st.booleans())
    def shop_says_no(self, which, appeals):
        case = self.case_in(which, "requested", "awaiting_receipt")
        if case is None:
            return
        judging.reject_case(
            actor=self.seller_of(case.order), case_id=case.pk, reason="不是我们的", idempotency_key=key(),
            now=self.now,
        )  # fmt: skip
        if appeals:
            with self.may_refuse("move_refused"):
                asking_back.appeal_case(
                    buyer=case.order.group.buyer, case_id=case.pk, text="请市场看看", idempotency_key=key(),
                    now=self.now,
                )  # fmt: skip

    @rule(which=PICK, parts=st.integers(1, 3))
    def shop_offers_less(self, which, parts):
        case = self.case_in(which, "requested")
        if case is None:
            return
        lines = [
            OfferedLine(line.order_line_id, line.quantity, max(line.amount_fen // (parts + 1), 1))
            for line in case.lines.all()
        ]
        with self.may_refuse("too_many_offers", "invalid"):
            offering_less.offer_less(
                actor=self.seller_of(case.order), case_id=case.pk, lines=lines, idempotency_key=key(),
                now=self.now,
            )  # fmt: skip

    @rule(which=PICK, answer=st.sampled_from(["yes", "yes", "no", "taken back"]))
    def an_offer_is_answered(self, which, answer):
        case = self.case_in(which, "offered")
        if case is None:
            return
        at = {"case_id": case.pk, "idempotency_key": key(), "now": self.now}
        buyer, offer = case.order.group.buyer, case.offers.get(outcome="open").pk
        if answer == "yes":
            offering_less.accept_offer(buyer=buyer, offer=offer, **at)
        elif answer == "no":
            offering_less.refuse_offer(buyer=buyer, offer=offer, **at)
        else:
            offering_less.take_back_offer(actor=self.seller_of(case.order), **at)

    @rule(which=PICK)
    def goods_go_back(self, which):
        case = self.case_in(which, "awaiting_return")
        if case:
            self.goods_go_back_of(case)

    @rule(which=PICK, restock=st.booleans())
    def goods_are_back(self, which, restock):
        case = self.case_in(which, "awaiting_receipt")
        if case:
            self.goods_are_back_of(case, restock)

    @rule(
        which=PICK, grant=st.booleans(), bearer=st.sampled_from(["", "farmer", "shop", "platform", "carrier"])
    )
    def operator_judges(self, which, grant, bearer):
        case = self.case_in(
            which,
            "requested",
            "offered",
            "rejected",
            "awaiting_return",
            "awaiting_receipt",
            "awaiting_refund",
            "closed",
        )
        if case:
            with self.may_refuse("move_refused"):
                judging.arbitrate_case(
                    actor=self.operator, case_id=case.pk, grant=grant, reason="看过照片", cost_bearer=bearer,
                    now=self.now,
                )  # fmt: skip

    @rule()
    def silence(self):
        judging.settle_due_cases(now=self.now)
