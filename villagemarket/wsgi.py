"""The pages, the API and the admin."""

import os

from django.core.wsgi import get_wsgi_application

from common.processes import die_with_parent

if os.environ.get("MARKET_SUPERVISED"):
    die_with_parent()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")
application = get_wsgi_application()
