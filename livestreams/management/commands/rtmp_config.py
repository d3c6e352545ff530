"""`manage.py rtmp_config`: deploy/nginx-rtmp.conf with this market's values."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from livestreams import storage
from livestreams.services.rtmp_receiving import hook_token


class Command(BaseCommand):
    """Print the media server's configuration. It holds the hooks' token: keep the file to yourself (0600)."""

    help = "Print deploy/nginx-rtmp.conf with this market's values and the hooks' token (keep it 0600)."

    def add_arguments(self, parser) -> None:
        """What differs from machine to machine."""
        parser.add_argument("--listen", default="1935", help="port or address:port for OBS and apps")
        parser.add_argument("--hooks", default="127.0.0.1:1936", help="loopback address of the hooks")
        parser.add_argument("--pages", default="unix:/run/market/web.sock", help="where the pages listen")
        parser.add_argument("--user", default="market", help="the user of the market's processes")

    def handle(self, *args, **options) -> None:
        """Fill in and print."""
        values = {
            "RTMP_LISTEN": options["listen"],
            "HOOKS": options["hooks"],
            "PAGES": options["pages"],
            "USER": options["user"],
            "HOST": urlsplit(settings.PUBLIC_URL).hostname or "localhost",
            "FOLDER": str(storage.rtmp_folder()),
            "TOKEN": hook_token(),
        }
        for name, value in values.items():
            if re.search(r"[\s;{}\"'\\$]", value):
                raise CommandError(
                    f"{name} has a character that nginx's configuration does not bear: {value}"
                )
        text = (settings.BASE_DIR / "deploy" / "nginx-rtmp.conf").read_text()
        lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
        self.stdout.write(
            re.sub(r"@([A-Z_]+)@", lambda found: values[found.group(1)], "".join(lines)), ending=""
        )
