"""`manage.py verify_ledger`: recompute the chain over the book and every balance; exit 1 if any differs."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.money import yuan_text
from ledger.selectors import trial_balance
from ledger.selectors.chain import head, verify_chain


class Command(BaseCommand):
    """Print what is not as it was sealed."""

    help = "Recompute the chain over the book and every balance; exits with 1 if anything differs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a link that was noted elsewhere."""
        parser.add_argument(
            "--anchor", metavar="PLACE:DIGEST", help="a link noted outside the database, from the log"
        )

    def handle(self, **options) -> None:
        """Verify."""
        breaks = verify_chain(anchor=_anchor(options["anchor"]))
        for one in breaks:
            self.stdout.write(
                f"{one.kind}: transaction {one.transaction_id}, "
                f"sealed {one.expected[:16] or '-'}, now {one.found[:16] or '-'}"
            )
        book = trial_balance()
        if book.total_fen:
            self.stdout.write(f"the book does not balance: ¥{yuan_text(book.total_fen)}")
        for pk in book.wrong_accounts:
            self.stdout.write(f"balance of account {pk} is not the sum of its entries")
        newest = head()
        if newest is not None:
            self.stdout.write(f"newest link {newest.pk}:{newest.digest}")
        if breaks or not book.is_right:
            raise CommandError("the book was changed")
        self.stdout.write("the book is as it was sealed")


def _anchor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    place, _sign, digest = text.partition(":")
    if not place.isdecimal() or len(digest) != 64:
        raise CommandError("an anchor is PLACE:DIGEST, as the log has it")
    return int(place), digest.lower()
