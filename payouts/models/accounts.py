"""Where a payee's money goes, and where it went before."""

from django.conf import settings
from django.db import models

from payouts.models.payee import exactly_one_payee
from payouts.statuses import PayoutAccountStatus, PayoutMethod
from shops.models import Farmer, Host, Shop


class PayoutAccount(models.Model):
    """Where a payee's money goes; `detail_masked` is what people see (6222 **** 1234).

    What is paid by is the newest of its versions. Money goes only where another operator than the one who
    wrote it has checked account and identity.
    """

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
    current = models.ForeignKey(
        "PayoutAccountVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=exactly_one_payee(), name="account_one_payee")]

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.detail_masked}"

    @property
    def payee(self) -> Farmer | Host | Shop:
        """Return who is paid."""
        return self.farmer or self.host or self.payee_shop


class PayoutAccountVersion(models.Model):
    """An account as it was from one change to the next; the database refuses to alter it.

    `detail` is the number of the card, the Alipay name or the WeChat openid, sealed (payouts.sealing): it is
    opened where money is sent to it, and for an operator who says why. `bank_code` are the twelve digits of
    the bank's branch (CNAPS).
    """

    account = models.ForeignKey(PayoutAccount, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    method = models.CharField(max_length=10, choices=PayoutMethod)
    holder = models.CharField(max_length=60)
    detail = models.CharField(max_length=300, blank=True)
    bank_name = models.CharField(max_length=60, blank=True)
    bank_code = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=200)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "number"], name="account_version_once"),
            models.CheckConstraint(
                name="account_version_says_where",
                condition=models.Q(method="cash") | ~models.Q(detail=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_method_display()} #{self.number}"
