"""Who is paid: a farmer, a host or a shop."""

from django.db import models


def exactly_one_payee() -> models.Q:
    """Return the condition that a row names one farmer, one host or one shop."""
    return (
        models.Q(farmer__isnull=False, host=None, payee_shop=None)
        | models.Q(farmer=None, host__isnull=False, payee_shop=None)
        | models.Q(farmer=None, host=None, payee_shop__isnull=False)
    )
