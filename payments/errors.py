"""Refusals of money in and back."""

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, MarketError


class UnknownGateway(Invalid):
    """No such gateway is switched on here."""

    code = "unknown_gateway"
    message = _("This way to pay is not offered here. Please choose another.")


class CashNotOffered(MarketError):
    """Too much for a parcel that is paid at the door, or too many of them are under way."""

    code = "cash_not_offered"
    message = _("This cannot be paid on delivery. Please choose another way to pay.")


class GiftExpired(MarketError):
    """A gift that was not paid in time."""

    code = "gift_expired"
    message = _("This gift was not paid in time. Nothing was taken; give it again in the room.")


class MoreThanHeld(MarketError):
    """More cash than its holder has of ours, less what is said to be on its way."""

    code = "more_than_held"
    message = _("That is more cash than is still there. Nothing was noted: look at the sum again.")


class OtherPersonNeeded(MarketError):
    """A sum that two people answer for; this one has already answered."""

    code = "other_person_needed"
    message = _("You noted this yourself. Somebody else has to confirm it.")


class GatewayUnavailable(MarketError):
    """The provider does not answer, or not with what we can trust."""

    code = "gateway_unavailable"
    status = 503
    message = _("The payment provider does not answer just now. Nothing was paid; please try again.")

    def __init__(self, detail: str = ""):
        self.detail = detail
        super().__init__(retry_after=5)


class GatewayRefused(MarketError):
    """The provider understood and refused for good; `detail` is its own code."""

    code = "gateway_refused"
    message = _("The payment provider refused this. Nothing was paid.")

    def __init__(self, detail: str = ""):
        self.detail = detail
        super().__init__()


class BadSignature(MarketError):
    """A callback that is not signed by the pinned key of its provider, or not now (rules.md B1)."""

    code = "bad_signature"
    status = 401
    message = _("The signature does not hold.")


class BadCallback(Invalid):
    """A signed callback whose contents cannot be read."""

    code = "bad_callback"
    message = _("The message cannot be read.")


class CallbackTooLarge(MarketError):
    """A callback above 64 KB."""

    code = "too_large"
    status = 413
    message = _("The message is too large.")


class BadBill(Invalid):
    """A provider's bill that is broken, of somebody else, or does not add up; `detail` says what."""

    code = "bad_bill"
    message = _("This is not a whole bill of the provider for that day. Nothing was kept.")

    def __init__(self, detail: str = ""):
        self.detail = detail
        super().__init__()


class BillDiffers(MarketError):
    """A bill of this provider and day is there already and says something else."""

    code = "bill_differs"
    message = _("There is another bill of that day already. To put this one in its place, say why.")


class NoBill(MarketError):
    """The provider says that it has no bill of that day: nothing moved, or it is still being made."""

    code = "no_bill"
    message = _("The provider has no bill of that day.")
