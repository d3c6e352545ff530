"""Show why an order line took these lots, by repeating the decision from what was written down then."""

from django.core.management.base import BaseCommand, CommandError

from common.errors import NotFound
from orders.selectors.explaining import Explained, explain


class Command(BaseCommand):
    """Print inputs, rule and outcome of a line; exit non-zero when they do not give what is written."""

    help = __doc__

    def add_arguments(self, parser):
        """Take the line's number."""
        parser.add_argument("order_line", type=int)

    def handle(self, *args, order_line: int, **options):
        """Print every decision about the line; CommandError when one cannot be reproduced."""
        try:
            found = explain(order_line)
        except NotFound:
            raise CommandError(f"There is no order line {order_line}.") from None
        line = found.line
        self.stdout.write(f"Line {line.pk} of order {line.order.number}: {line} (variant {line.variant_id})")
        if line.term_sheet is not None:
            sheet = line.term_sheet
            self.stdout.write(f"Terms version {sheet.version}, floor {sheet.floor_fen} fen")
        for one in found.decisions:
            self._print(one)
        for one in found.allocations:
            self.stdout.write(
                f"Now: lot {one.lot_id} ({one.lot.code}) {one.quantity} units,"
                f" {one.moved} moved, {one.returned} returned, farmer {one.farmer_id}"
            )
        if not found.agrees:
            raise CommandError("What is written cannot be reproduced from its inputs.")
        self.stdout.write("Reproduced: the same inputs give the same lots.")

    def _print(self, one: Explained) -> None:
        made = one.allotment
        self.stdout.write(
            f"{made.made_at:%Y-%m-%d %H:%M:%S} UTC, {made.reason}: {made.wanted} units"
            f" by {made.rule} version {made.policy_version}"
        )
        for offer in one.offers:
            self.stdout.write(
                f"  lot {offer.lot}: brought {offer.brought}, left {offer.left},"
                f" deficit {offer.deficit_micro / 1_000_000:+.6f}, came {offer.came_on}"
                f" → written {one.kept.get(offer.lot, 0)}, repeated {one.repeated.get(offer.lot, 0)}"
            )
