"""What goods that are sold by weight weighed in the end."""

from django.conf import settings
from django.db import models

from orders.models.after_sales import AfterSaleCase
from orders.models.orders import OrderLine


class Weighing(models.Model):
    """The scales' word on one line, once, in grams: what is missing went back with `case`, more is a gift."""

    order_line = models.OneToOneField(OrderLine, on_delete=models.PROTECT, related_name="weighing")
    ordered_g = models.PositiveIntegerField()
    weighed_g = models.PositiveIntegerField()
    case = models.OneToOneField(
        AfterSaleCase, null=True, blank=True, on_delete=models.PROTECT, related_name="weighing"
    )
    weighed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    weighed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="weighing_refunds_what_is_missing",
                condition=models.Q(ordered_g__gt=0, weighed_g__gt=0)
                & (
                    models.Q(weighed_g__lt=models.F("ordered_g"), case__isnull=False)
                    | models.Q(weighed_g__gte=models.F("ordered_g"), case=None)
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.weighed_g} g / {self.ordered_g} g"
