"""Where a payee's money goes."""

from django.db import models

from payouts.models.payee import exactly_one_payee
from payouts.statuses import PayoutAccountStatus, PayoutMethod
from shops.models import Farmer, Host, Shop


class PayoutAccount(models.Model):
    """Where a payee's money goes; `detail_masked` is what people see (6222 **** 1234)."""

    farmer = models.OneToOneField(
        Farmer, null=True, blank=True, on_delete=models.PROTECT, related_name="payout_account"
    )
    host = models.OneToOneField(
        Host, null=True, blank=True, on_delete=models.PROTECT, related_name="payout_account"
    )
    payee_shop = models.OneToOneField(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="payout_account"
    )
    method = models.CharField(max_length=10, choices=PayoutMethod, default=PayoutMethod.CASH)
    holder = models.CharField(max_length=60)
    detail_masked = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=10, choices=PayoutAccountStatus, default=PayoutAccountStatus.PENDING)

    class Meta:
        constraints = [models.CheckConstraint(condition=exactly_one_payee(), name="account_one_payee")]

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.detail_masked}"
