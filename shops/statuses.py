"""States of people's roles and of goods, and the moves between them (domain.md)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ShopStatus(TextChoices):
    """Life of a shop."""

    DRAFT = "draft", _("draft")  # being filled in
    PENDING = "pending", _("pending")  # waits for the operator
    OPEN = "open", _("open")  # sells
    SUSPENDED = "suspended", _("suspended")  # stopped by the operator
    CLOSED = "closed", _("closed")  # for good


SHOP_MOVES = {
    ShopStatus.DRAFT: frozenset({ShopStatus.PENDING}),
    ShopStatus.PENDING: frozenset({ShopStatus.OPEN, ShopStatus.DRAFT}),
    ShopStatus.OPEN: frozenset({ShopStatus.SUSPENDED, ShopStatus.CLOSED}),
    ShopStatus.SUSPENDED: frozenset({ShopStatus.OPEN, ShopStatus.CLOSED}),
}


class ShopStanding(TextChoices):
    """Whether the market may take money for a shop: an operator has looked at licence and identity."""

    UNCHECKED = "unchecked", _("not checked")
    PAYEE = "payee", _("identity checked")  # a sub-merchant, or a payee of the escrow
    OWN = "own", _("the market's own")  # the same legal person sells and collects


class ShopRole(TextChoices):
    """What a member may do: clerks work with goods and orders, owners also see money and members."""

    OWNER = "owner", _("owner")
    CLERK = "clerk", _("clerk")


class HostStatus(TextChoices):
    """Life of a host."""

    APPLIED = "applied", _("applied")
    ACTIVE = "active", _("active")
    SUSPENDED = "suspended", _("suspended")


HOST_MOVES = {
    HostStatus.APPLIED: frozenset({HostStatus.ACTIVE, HostStatus.SUSPENDED}),
    HostStatus.ACTIVE: frozenset({HostStatus.SUSPENDED}),
    HostStatus.SUSPENDED: frozenset({HostStatus.ACTIVE}),
}


class AuthorizationStatus(TextChoices):
    """A farmer's consent to have goods sold; revoking affects the future only."""

    GRANTED = "granted", _("granted")
    REVOKED = "revoked", _("revoked")


class ProductStatus(TextChoices):
    """Life of a product."""

    DRAFT = "draft", _("draft")
    IN_REVIEW = "in_review", _("in review")  # its photos are being made ready, or an operator looks at it
    PUBLISHED = "published", _("on sale")
    REJECTED = "rejected", _("rejected")
    ARCHIVED = "archived", _("archived")


PRODUCT_MOVES = {
    ProductStatus.DRAFT: frozenset(
        {ProductStatus.IN_REVIEW, ProductStatus.PUBLISHED, ProductStatus.ARCHIVED}
    ),
    ProductStatus.IN_REVIEW: frozenset(
        {ProductStatus.PUBLISHED, ProductStatus.REJECTED, ProductStatus.ARCHIVED}
    ),
    ProductStatus.PUBLISHED: frozenset({ProductStatus.REJECTED, ProductStatus.ARCHIVED}),
    ProductStatus.REJECTED: frozenset({ProductStatus.DRAFT, ProductStatus.IN_REVIEW, ProductStatus.ARCHIVED}),
    ProductStatus.ARCHIVED: frozenset({ProductStatus.DRAFT, ProductStatus.PUBLISHED}),
}


class PhotoStatus(TextChoices):
    """A photo from a phone; the original is never served."""

    UPLOADED = "uploaded", _("being prepared")
    READY = "ready", _("ready")
    REJECTED = "rejected", _("not usable")


class LotStatus(TextChoices):
    """What one farmer brought."""

    DECLARED = "declared", _("declared")  # written down, not looked at yet
    GRADED = "graded", _("graded")  # weighed and looked at, not on sale yet
    AVAILABLE = "available", _("available")
    HELD = "held", _("held")  # put aside: nothing of it is sold until somebody has looked
    RECALLED = "recalled", _("recalled")  # for good
    DEPLETED = "depleted", _("depleted")


LOT_MOVES = {
    LotStatus.DECLARED: frozenset({LotStatus.GRADED, LotStatus.HELD, LotStatus.RECALLED}),
    LotStatus.GRADED: frozenset({LotStatus.AVAILABLE, LotStatus.HELD, LotStatus.RECALLED}),
    LotStatus.AVAILABLE: frozenset({LotStatus.HELD, LotStatus.RECALLED, LotStatus.DEPLETED}),
    LotStatus.HELD: frozenset({LotStatus.AVAILABLE, LotStatus.GRADED, LotStatus.RECALLED}),
    # Units that come back make it available again.
    LotStatus.DEPLETED: frozenset({LotStatus.AVAILABLE, LotStatus.HELD, LotStatus.RECALLED}),
}
# What has been sold of these stays sold; what is left of them can be sold.
SELLABLE_LOTS = (LotStatus.AVAILABLE, LotStatus.DEPLETED)


class AllocationRule(TextChoices):
    """Whose goods a paid line takes."""

    PRO_RATA = "pro_rata", _("everybody in proportion")
    OLDEST_FIRST = "oldest_first", _("what came first goes first")
    SMALLEST_FIRST = "smallest_first", _("the smallest delivery goes first")


class MovementKind(TextChoices):
    """Why units entered or left a variant's stock."""

    INTAKE = "intake", _("brought in")
    CORRECTION = "correction", _("counted again")
    SALE = "sale", _("sold")
    RETURN = "return", _("came back")
    LOT = "lot", _("a delivery was put aside, found short or offered again")


class ReservationStatus(TextChoices):
    """Units taken for a bounded time."""

    HELD = "held", _("held")
    COMMITTED = "committed", _("sold")
    RELEASED = "released", _("given back")
    EXPIRED = "expired", _("expired")


RESERVATION_MOVES = {
    ReservationStatus.HELD: frozenset(
        {ReservationStatus.COMMITTED, ReservationStatus.RELEASED, ReservationStatus.EXPIRED}
    ),
}


class FreightMeasure(TextChoices):
    """What a freight template counts."""

    WEIGHT = "weight", _("by weight")  # grams
    PIECE = "piece", _("by piece")
