"""A statement as it stands on paper, with the address and the letters that prove it."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from payouts.models import PayoutStatement
from payouts.selectors.seals import letters_of
from payouts.selectors.statements import StatementRow, gifts_of, list_lines, row_of

# Some sheets of A4; a longer tally of a whole shop is read on its page.
MOST_LINES = 400


@dataclass(frozen=True)
class Paper:
    """What one statement says, in fen; without a seal (made before there were any) `check_url` is empty."""

    code: str
    letters: str
    check_url: str
    check_page: str
    payee_name: str
    shop_name: str
    is_host: bool
    starts_at: datetime
    last_moment: datetime
    issued_at: datetime
    gross_fen: int
    commission_fen: int
    platform_fee_fen: int
    freight_fen: int
    coupon_fen: int
    refund_fen: int
    gift_fen: int
    correction_fen: int
    carried_fen: int
    net_fen: int
    lines: list[StatementRow]
    lines_left: int


SUMS = (
    "gross_fen", "commission_fen", "platform_fee_fen", "freight_fen", "coupon_fen", "refund_fen",
    "gift_fen", "correction_fen", "carried_fen", "net_fen",
)  # fmt: skip


def check_path(statement: PayoutStatement) -> str:
    """Return the path of the page that says whether the statement is genuine; empty without a seal."""
    return f"/check/{statement.code}/{letters_of(statement.seal)}/" if statement.seal else ""


def paper_of(statement: PayoutStatement) -> Paper:
    """Return a statement for drawing."""
    path = check_path(statement)
    lines = list(list_lines(statement=statement)[: MOST_LINES + 1])
    gifts = gifts_of(lines)
    left = statement.lines.count() - MOST_LINES if len(lines) > MOST_LINES else 0
    period = statement.period
    return Paper(
        code=statement.code,
        letters=letters_of(statement.seal) if statement.seal else "",
        check_url=f"{settings.PUBLIC_URL}{path}" if path else "",
        check_page=f"{settings.PUBLIC_URL}/check/",
        payee_name=statement.name,
        shop_name=period.shop.name,
        is_host=statement.host_id is not None,
        starts_at=period.starts_at,
        last_moment=period.last_moment,
        issued_at=statement.issued_at or period.ends_at,
        lines=[row_of(line, is_linked=False, gift=gifts.get(line.entry_id)) for line in lines[:MOST_LINES]],
        lines_left=left,
        **{name: getattr(statement, name) for name in SUMS},
    )
