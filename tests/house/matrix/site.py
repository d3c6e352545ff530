"""Addresses of the site itself."""

from tests.house.roles import row

ROWS = [
    row("GET", "healthz", 200),
    row("GET", "readyz", 200),
    row("POST", "language/", 302, data={"language": "en", "next": "/"}),
    row("GET", "api/v1/schema/", 200),
    row("GET", "api/v1/docs/", 200),
]
