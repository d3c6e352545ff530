"""What a shop offers instead of the sum that a buyer asks back."""

from django.conf import settings
from django.db import models

from common.money import money_text
from orders.models.after_sales import AfterSaleCase
from orders.models.orders import OrderLine
from orders.statuses import OfferOutcome


class CaseOffer(models.Model):
    """A smaller sum for which the goods stay with the buyer; open until the deadline of its case.

    `asked_fen` is what the case was about when it was made, `answer_by` until when the shop had to answer.
    """

    case = models.ForeignKey(AfterSaleCase, on_delete=models.PROTECT, related_name="offers")
    outcome = models.CharField(max_length=10, choices=OfferOutcome, default=OfferOutcome.OPEN)
    asked_fen = models.BigIntegerField()
    amount_fen = models.BigIntegerField()
    text = models.CharField(max_length=300, blank=True)
    answer_by = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], name="case_offer_open_once", condition=models.Q(outcome="open")
            ),
            models.CheckConstraint(
                name="case_offer_amounts",
                condition=models.Q(amount_fen__gt=0, amount_fen__lte=models.F("asked_fen")),
            ),
            models.CheckConstraint(
                name="case_offer_settled",
                condition=models.Q(outcome="open", settled_at=None)
                | (~models.Q(outcome="open") & models.Q(settled_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{money_text(self.amount_fen)} / {money_text(self.asked_fen)}"


class CaseOfferLine(models.Model):
    """Units of an order line that the offer is for, and the money for them."""

    offer = models.ForeignKey(CaseOffer, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    amount_fen = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "order_line"], name="offer_line_once"),
            models.CheckConstraint(
                name="offer_line_positive", condition=models.Q(quantity__gte=1, amount_fen__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
