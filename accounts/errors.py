"""Refusals of sign-in and of the address book. None of them tells whether a person exists (rules.md C8)."""

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, MarketError, NotAllowed


class WrongCredentials(Invalid):
    """Phone, e-mail or password do not go together; which of them is wrong stays unsaid."""

    code = "wrong_credentials"
    message = _("Phone or e-mail and password do not match. Try again, or sign in with a code by SMS.")


class WrongCode(Invalid):
    """The SMS code is wrong, used, too old, or was tried too often."""

    code = "wrong_code"
    message = _("This code is not right or no longer valid. Check the latest SMS or ask for a new code.")


class AccountClosed(NotAllowed):
    """The person proved who they are, but the account is closed."""

    code = "account_closed"
    message = _("This account is closed. Please contact the market.")


class TooManyAddresses(MarketError):
    """The address book is full."""

    code = "too_many_addresses"
    message = _("Your address book is full. Delete an address that you no longer need, then add this one.")
