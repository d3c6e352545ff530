"""What a buyer has put aside."""

from django.conf import settings
from django.db import models

from shops.models import Variant


class Cart(models.Model):
    """One cart a person."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="cart")

    def __str__(self) -> str:
        return f"cart of {self.user_id}"


class CartLine(models.Model):
    """A variant and how many; `price_seen_fen` tells the buyer when the price moved since."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField()
    price_seen_fen = models.BigIntegerField()
    source = models.TextField(blank=True)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_variant_once"),
            models.CheckConstraint(
                name="cart_quantity_sane", condition=models.Q(quantity__gte=1, quantity__lte=999)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant_id}"
