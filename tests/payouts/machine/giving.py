"""Rules of gifts: viewers give in a show, late money goes back, an operator gives one back."""

import itertools

from hypothesis.stateful import rule

from ledger.models import LedgerAccount
from livestreams.models import Gift
from livestreams.services.gifting import expire_gift
from payments.gateways.base import Facts, RefundFacts
from payments.models import Payment, Refund
from payments.services.refunding import settle_refund
from payments.services.returning_gifts import return_gift
from payments.services.settling import settle_payment
from tests.factories.gifts import choose, make_gift_kind
from tests.factories.shops import make_person
from tests.payouts.machine.outside import Checkout
from tests.payouts.machine.village import PICK, WHO, MoneyDay, Village

MANY = 12


def choose_gifts(village: Village, count: int = MANY) -> None:
    """Viewers have chosen some gifts before the examples begin; they are paid, or not, in the rules."""
    givers = [make_person(name=name) for name in ("阿润甲", "阿润乙")]
    kinds = [
        make_gift_kind(name=name, price_fen=price_fen, platform_bp=bp)
        for name, price_fen, bp in (("格桑花", 999, 3_000), ("哈达", 1_313, 1_250), ("酥油茶", 1, 5_000))
    ]
    found = village.parcels.setdefault("gifts", [])
    for number, giver, kind in zip(
        range(count), itertools.cycle(givers), itertools.cycle(kinds), strict=False
    ):
        gift = choose(giver=giver, session=village.item.session, kind=kind, quantity=1 + number % 4)
        payment = Payment.objects.create(
            gift=gift, purpose="gift", gateway="sandbox", status="pending", amount_fen=gift.amount_fen,
            reference=f"G{gift.pk}", provider_reference=f"g{gift.pk}", created_at=gift.created_at,
            expires_at=gift.expires_at,
        )  # fmt: skip
        found.append(payment.pk)


class Giving(MoneyDay):
    """Viewers of the show."""

    @rule(which=PICK)
    def viewer_gives(self, which):
        """At once the host is owed their part of it."""
        payment = self.chosen(which)
        if payment:
            before = self.owed_to_host()
            self.paid_at_the_provider(payment)
            assert self.owed_to_host() == before + payment.gift.host_fen

    @rule(which=PICK)
    def gift_is_paid_too_late(self, which):
        """The money is there and goes back; nobody was given anything."""
        payment = self.chosen(which)
        if payment:
            before = self.owed_to_host()
            assert expire_gift(gift_id=payment.gift_id, now=max(self.now, payment.gift.expires_at))
            self.paid_at_the_provider(payment)
            assert self.owed_to_host() == before
            assert Refund.objects.get(payment=payment).amount_fen == payment.amount_fen

    @rule(which=PICK, who=WHO)
    def gift_goes_back(self, which, who):
        """Even when the host was paid for it: then the next tally has less."""
        gift = self.one(which, Gift.objects.filter(status="paid"))
        if gift is None:
            return
        before, actor = self.owed_to_host(), self.village.operators[who]
        return_gift(actor=actor, gift_id=gift.pk, reason="孩子点的", now=self.now)
        assert self.owed_to_host() == before - gift.host_fen
        with self.refused("move_refused"):
            return_gift(actor=actor, gift_id=gift.pk, reason="又来", now=self.now)

    @rule()
    def givers_have_their_money_back(self):
        for refund in Refund.objects.exclude(status="succeeded"):
            facts = RefundFacts(refund.reference, f"n{refund.pk}", "refunded", refund.amount_fen)
            for _time in range(2):
                settled = settle_refund(refund_id=refund.pk, facts=facts, now=self.now)
            assert settled.status == "succeeded"
        assert not Gift.objects.filter(status="returning").exists()

    def chosen(self, which: int) -> Payment | None:
        """A gift that somebody has chosen and not paid."""
        waiting = Payment.objects.filter(pk__in=self.village.parcels["gifts"], status="pending")
        return self.one(which, waiting.select_related("gift"))

    def paid_at_the_provider(self, payment: Payment) -> None:
        """The provider says so, twice."""
        facts = Facts(
            Checkout.merchant, Checkout.app, payment.reference, payment.provider_reference, "paid",
            payment.amount_fen, "CNY",
        )  # fmt: skip
        for _time in range(2):
            assert settle_payment(payment_id=payment.pk, facts=facts, now=self.now).problem == ""

    def owed_to_host(self) -> int:
        """What the book owes the host, in fen."""
        account = LedgerAccount.objects.filter(
            purpose="host_payable", owner_kind="host", owner_id=self.village.host.pk
        ).first()
        return -account.balance_fen if account else 0
