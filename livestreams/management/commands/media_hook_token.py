"""`manage.py media_hook_token`: with what the media server's hooks are signed."""

from django.core.management.base import BaseCommand

from livestreams.services.rtmp_receiving import hook_token


class Command(BaseCommand):
    """Print the token; it is valid as long as the SECRET_KEY that signed it is known."""

    help = "Print the token that nginx adds to the media server's hooks (changes with SECRET_KEY)."

    def handle(self, *args, **options) -> None:
        """Print one line."""
        self.stdout.write(hook_token())
