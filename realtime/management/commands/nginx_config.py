"""`manage.py nginx_config`: deploy/nginx.conf with this market's values."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Print the web server's configuration. It holds no secret."""

    help = "Print deploy/nginx.conf with this market's values."

    def add_arguments(self, parser) -> None:
        """What differs from machine to machine."""
        parser.add_argument("--listen", default="443", help="port or address:port, with TLS")
        parser.add_argument("--certificate", required=True, help="the certificate chain")
        parser.add_argument("--key", required=True, help="its key")
        parser.add_argument("--pages", default="unix:/run/market/web.sock", help="where the pages listen")
        parser.add_argument("--live", default="127.0.0.1:8000", help="where the live process listens")
        parser.add_argument("--run", default="/run/market", help="folder of sockets and temporary files")
        parser.add_argument("--user", default="market", help="the user of the market's processes")

    def handle(self, *args, **options) -> None:
        """Fill in and print."""
        if not settings.STATIC_ROOT:
            raise CommandError(
                "STATIC_ROOT is not set: nginx serves what `manage.py collectstatic` puts there."
            )
        values = {
            "USER": options["user"],
            "RUN": options["run"],
            "LISTEN": options["listen"],
            "NAME": urlsplit(settings.PUBLIC_URL).hostname or "localhost",
            "CERTIFICATE": options["certificate"],
            "KEY": options["key"],
            "PAGES": options["pages"],
            "LIVE": options["live"],
            "MEDIA": str(settings.MEDIA_ROOT),
            "STATIC": str(settings.STATIC_ROOT).rstrip("/"),
            "STREAMS": str(settings.ROOM_STREAMS_PER_ADDRESS or 65535),
        }
        for name, value in values.items():
            if re.search(r"[\s;{}\"'\\$]", value):
                raise CommandError(
                    f"{name} has a character that nginx's configuration does not bear: {value}"
                )
        text = (settings.BASE_DIR / "deploy" / "nginx.conf").read_text()
        lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
        self.stdout.write(
            re.sub(r"@([A-Z_]+)@", lambda found: values[found.group(1)], "".join(lines)), ending=""
        )
