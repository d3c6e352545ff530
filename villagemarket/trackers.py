"""Who follows parcels for us, and the keys of theirs; a half-set service does not start."""

import os

from django.core.exceptions import ImproperlyConfigured

# Who follows parcels for us: "kuaidi100", or nobody.
TRACKER = os.environ.get("TRACKER", "")
KUAIDI100 = {
    "key": os.environ.get("KUAIDI100_KEY", ""),
    "customer": os.environ.get("KUAIDI100_CUSTOMER", ""),
    "salt": os.environ.get("KUAIDI100_SALT", ""),
    "address": os.environ.get("KUAIDI100_URL", "https://poll.kuaidi100.com"),
}
if TRACKER not in ("", "kuaidi100"):
    raise ImproperlyConfigured("TRACKER names nobody we know.")
if TRACKER and not all(KUAIDI100.values()):
    raise ImproperlyConfigured("TRACKER needs KUAIDI100_KEY, KUAIDI100_CUSTOMER and KUAIDI100_SALT.")
if TRACKER and len(KUAIDI100["salt"]) < 16:
    raise ImproperlyConfigured("KUAIDI100_SALT is too short: reports could be forged.")
