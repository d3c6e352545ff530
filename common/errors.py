"""Refusals: one class a reason, with a stable code, turned into an answer by one handler."""

from django.db import OperationalError
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable


class MarketError(Exception):
    """A request that the market refuses, in words a villager understands.

    `code` is stable (api.md), `status` is the HTTP answer, `fields` maps field names to messages.
    """

    code = "refused"
    status = 409
    message = _("This cannot be done now. Nothing was changed.")

    def __init__(self, message=None, *, fields: dict | None = None, retry_after: int | None = None):
        self.message = message if message is not None else type(self).message
        self.fields = fields
        self.retry_after = retry_after
        super().__init__(self.message)

    def extra(self) -> dict:
        """Return what the answer tells beside code and message, for programs."""
        return {}


class Invalid(MarketError):
    """The input is wrong; `fields` says where."""

    code = "invalid"
    status = 400
    message = _("Please check what you entered. Nothing was saved.")


class NotAllowed(MarketError):
    """The person's role does not permit this."""

    code = "forbidden"
    status = 403
    message = _("You do not have permission to do this.")


class NotFound(MarketError):
    """Not there, or not this person's (api.md: a stranger cannot tell which)."""

    code = "not_found"
    status = 404
    message = _("We could not find that.")


class MoveRefused(MarketError):
    """The thing is in a state from which this move is not allowed."""

    code = "move_refused"
    message = _("This is not possible in the current state. Reload the page to see where things stand.")


class TooMany(MarketError):
    """A limit per user, phone, address or room is reached."""

    code = "too_many"
    status = 429
    message = _("That was too often. Please wait a moment and try again.")


class Busy(MarketError):
    """A row that this call needs stayed locked longer than lock_timeout (rules.md 2); nothing was done."""

    code = "busy"
    status = 503
    message = _("Very many people are here at once. Nothing was changed: please try again.")

    def __init__(self):
        super().__init__(retry_after=1)


def refusal_in(error: Exception) -> Exception:
    """Return Busy for a statement that gave up waiting for a lock, else the error as it is."""
    waited_in_vain = isinstance(error, OperationalError) and isinstance(error.__cause__, LockNotAvailable)
    return Busy() if waited_in_vain else error


class BodyTooLarge(MarketError):
    """More in one request than any call of ours needs."""

    code = "too_large"
    status = 413
    message = _("The message is too large.")


class IdempotencyConflict(MarketError):
    """The same key came with another body (rules.md 4)."""

    code = "idempotency_conflict"
    message = _("This request was already sent with other contents. Please reload the page.")


class InProgress(MarketError):
    """The first call with this key is still running (decisions.md 17)."""

    code = "in_progress"
    message = _("We are still working on this. Please wait a second.")

    def __init__(self):
        super().__init__(retry_after=1)


class IdempotencyKeyMissing(Invalid):
    """A call that moves money or goods needs an Idempotency-Key header holding a UUID."""

    code = "idempotency_key_required"
    message = _("The request needs an Idempotency-Key header with a UUID.")
