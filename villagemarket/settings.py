"""Settings of Village Market. The environment decides; docs/production.md lists every variable.

MARKET_MODE is `demo` (default: embedded servers, sandbox gateway, demo people), `test`, or `production`
(refuses to start with anything that only a demo may have, rules.md 14).
"""

import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from villagemarket import embedded
from villagemarket.admin_look import UNFOLD  # noqa: F401 (the admin reads it here)
from villagemarket.beat import BEAT_SCHEDULE
from villagemarket.log import LOGGING  # noqa: F401 (so does logging)
from villagemarket.rest import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 (Django reads them here)
from villagemarket.room_streams import (  # noqa: F401
    LIVE_PROXIES,
    NCHAN_PUBLISH,
    ROOM_STREAM,
    ROOM_STREAMS_PER_ADDRESS,
)
from villagemarket.seals import account_keys
from villagemarket.trackers import KUAIDI100, TRACKER  # noqa: F401 (orders read them here)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = embedded.var_folder()

MARKET_MODE = os.environ.get("MARKET_MODE", "demo")
if MARKET_MODE not in ("demo", "test", "production"):
    raise ImproperlyConfigured(f"MARKET_MODE is {MARKET_MODE!r}; it must be demo, test or production.")
IS_PRODUCTION = MARKET_MODE == "production"


def _from_environment(name: str, demo: str) -> str:
    """The variable; outside production the demo value stands in for it."""
    value = os.environ.get(name, "")
    if value or not IS_PRODUCTION:
        return value or demo
    raise ImproperlyConfigured(f"{name} is missing: production takes it from the environment.")


def _listed(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


# ---- Secrets and addresses
DEMO_SECRET_PREFIX = "demo-only-"  # noqa: S105 (refused in production)
SECRET_KEY = _from_environment(
    "SECRET_KEY",
    embedded.demo_secret(VAR_DIR) or DEMO_SECRET_PREFIX + "never-for-real-people-and-real-money",
)
SECRET_KEY_FALLBACKS = _listed("SECRET_KEY_FALLBACKS")
if IS_PRODUCTION and (SECRET_KEY.startswith(DEMO_SECRET_PREFIX) or len(SECRET_KEY) < 50):
    raise ImproperlyConfigured("SECRET_KEY is a demo key or too short: it takes at least 50 random signs.")

DEBUG = not IS_PRODUCTION and os.environ.get("DEBUG", "") == "1"
ALLOWED_HOSTS = _listed("ALLOWED_HOSTS", "" if IS_PRODUCTION else "*")
if IS_PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is missing: name the public host names, separated by commas.")
# The address under which people reach the market; pay pages and messages link back to it.
PUBLIC_URL = _from_environment("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = _listed("CSRF_TRUSTED_ORIGINS", PUBLIC_URL)

# ---- Apps: from the lowest floor up
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "csp",
    "django_htmx",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "common",
    "ledger",
    "uploads",
    "realtime",
    "accounts",
    "notifications",
    "shops",
    "livestreams",
    "orders",
    "payments",
    "payouts",
    "storefront",
    "sellerdesk",
    "backoffice",
]

MIDDLEWARE = [
    "villagemarket.middleware.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "villagemarket.middleware.ContentSecurityPolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "common.middleware.ApiInUtcMiddleware",
    "common.middleware.MarketErrorMiddleware",
]

ROOT_URLCONF = "villagemarket.urls"
WSGI_APPLICATION = "villagemarket.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "storefront.context.people",
            ],
        },
    },
]

# ---- Database: PostgreSQL only
_DEFAULT_DATABASE_URL, _DEFAULT_REDIS_URL = embedded.default_urls(VAR_DIR)
DATABASE_URL = _from_environment("DATABASE_URL", _DEFAULT_DATABASE_URL)
_DATABASE = conninfo_to_dict(DATABASE_URL)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _DATABASE.pop("dbname", "market"),
        "USER": _DATABASE.pop("user", ""),
        "PASSWORD": _DATABASE.pop("password", ""),
        "HOST": _DATABASE.pop("host", ""),
        "PORT": _DATABASE.pop("port", ""),
        # A new connection for each request costs twelve times a kept one.
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # No request waits for a lock longer than a person waits for a page (rules.md 2).
        "OPTIONS": _DATABASE
        | {"options": "-c lock_timeout=3000 -c idle_in_transaction_session_timeout=60000"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Valkey: cache, broker, room hub. Nothing durable: checkout works without it (rules.md F2).
REDIS_URL = _from_environment("REDIS_URL", _DEFAULT_REDIS_URL)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}
SESSION_ENGINE = "common.sessions"


def _broker(url: str) -> str:
    """The same Valkey in Celery's spelling, which has its own scheme for unix sockets."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    number = parts.query.removeprefix("db=") or "0"
    return f"redis+socket://{parts.path}?virtual_host={number}"


CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or _broker(REDIS_URL)
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_TIME_LIMIT = 15 * 60
CELERY_TASK_SOFT_TIME_LIMIT = 14 * 60
CELERY_TASK_STORE_EAGER_RESULT = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A task that is not acknowledged for an hour is given to another worker: longer than any time limit.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    # A page never waits for the broker: without it the outbox is swept later.
    "max_retries": 0,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
}
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "run" / "celerybeat-schedule")
CELERY_TIMEZONE = "Asia/Shanghai"

# ---- People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.IdentifierBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# ---- Language and time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "villagemarket.formats"

# ---- Files
STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("STATIC_ROOT") or (BASE_DIR / "staticfiles" if IS_PRODUCTION else None)
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT") or VAR_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# A demo serves straight from the source folders: there is no collecting step to forget.
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
# Tests make a client, and with it the middleware, thousands of times: files are looked for when asked for,
# not listed at every start (84 % of the role matrix went there).
WHITENOISE_AUTOREFRESH = DEBUG or MARKET_MODE == "test"
FILE_UPLOAD_PERMISSIONS = 0o644
FILE_UPLOAD_TEMP_DIR = os.environ.get("FILE_UPLOAD_TEMP_DIR") or tempfile.gettempdir()
# The dispatcher refuses larger requests before a page process sees them: nine photos of a phone fit.
REQUEST_MAX_BYTES = 64 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# ---- Browser security. The dispatcher strips incoming forwarded headers and sets its own.
# Only then may its word be believed; nobody else may claim an address or HTTPS (rules.md 13).
IS_BEHIND_PROXY = IS_PRODUCTION or os.environ.get("MARKET_BEHIND_PROXY") == "1"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_BEHIND_PROXY else None
USE_X_FORWARDED_HOST = False
SECURE_SSL_REDIRECT = IS_PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^hooks/media/"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_PRODUCTION
SECURE_HSTS_PRELOAD = IS_PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://") or IS_PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 30 * 24 * 3600
# Two markets on one host name (ports do not separate cookies) must not sign each other's people out.
SESSION_COOKIE_NAME = os.environ.get("SESSION_COOKIE_NAME", "market_session")
CSRF_COOKIE_NAME = os.environ.get("CSRF_COOKIE_NAME", "market_csrf")
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "villagemarket.answers.csrf_failed"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# ---- Rules of the market, all in one place (decisions.md, rules.md)
PLATFORM_FEE_BP = 300  # basis points of the goods' price
FLAT_FREIGHT_FEN = 800  # per order of one shop
RESERVATION_MINUTES = 15
PARCEL_LATE_DAYS = 7  # under way for longer: shop and buyer are told
PARCEL_LOST_DAYS = 21  # and after these, operators
AUTO_RECEIVE_DAYS = 7  # after everything is delivered, unless something is in dispute
AUTO_RECEIVE_UNTRACKED_DAYS = 10  # after everything is sent, when no carrier tells us anything
AUTO_RECEIVE_EXTENSION_DAYS = 5  # which a buyer may ask for once
CASE_WINDOW_DAYS = 15  # after completion: how long a buyer may come back
CASE_SELLER_DAYS = 3  # a shop that is silent so long has said yes
CASE_OFFER_DAYS = 2  # a buyer who is silent so long to an offer of less has said no
CASE_OFFERS_MAX = 2  # of a shop, in one case
CASE_RETURN_DAYS = 7  # goods that are not sent back by then close the case
CASE_RECEIPT_DAYS = 7  # after the goods were sent back a silent shop has received them
CASE_APPEAL_DAYS = 7  # after a shop's no, until the buyer calls the market in
CASE_PHOTOS_MAX = 9
CASES_PER_ORDER_MAX = 20
REVIEW_WINDOW_DAYS = 60  # after completion: how long goods may be reviewed
REVIEW_EDIT_DAYS = 15  # after it was written: how long a review may be changed
REVIEW_PHOTOS_MAX = 6
INVOICE_WINDOW_DAYS = 180  # after it was paid: how long a buyer may ask for an invoice
INVOICE_MAX_BYTES = 5 * 1024 * 1024
SETTLEMENT_PERIOD_DAYS = 7
STATEMENT_CHECKS_PER_HOUR = 60  # from one address: papers of a village, never guesses
SETTLEMENT_OVERDUE_HOURS = 2  # after the end of a period: when a closing that is not done raises an alarm
ATTRIBUTION_HOURS = 24  # the last host who showed the product earns the commission
ORDER_LINE_MAX_QUANTITY = 999
UNPAID_PURCHASES_MAX = 8  # of one buyer at once; each holds goods until it expires
GIFT_MINUTES = 5  # how long a gift waits to be paid
GIFT_MAX_QUANTITY = 99
GIFT_MAX_FEN = 50_000  # at once
GIFT_DAY_MAX_FEN = 200_000  # of one person, by the village's calendar
CALLBACK_MAX_BYTES = 64 * 1024
CALLBACK_MAX_SKEW_SECONDS = 300

# What OBS and apps are told to send to, for instance rtmp://market.example/live; empty: not offered here.
RTMP_URL = os.environ.get("RTMP_URL", "")
CHUNK_MAX_BYTES = 4 * 1024 * 1024
TAKE_TOKEN_SECONDS = 600
# The font of the pictures that announce shows; empty: Noto Sans SC, which comes with our packages.
SHARE_FONT = os.environ.get("SHARE_FONT", "")
REMIND_MINUTES_BEFORE = 10  # who asked to be reminded of a show is told so long before it begins
INTERRUPTED_AFTER_SECONDS = 8
INTERRUPTION_GRACE_MINUTES = 15
TRANSCODED_STREAMS_MAX = 2
# Shows that get a 240p (480p) picture beside their own at once; the others are their own and sound alone.
RENDITION_STREAMS_MAX = int(os.environ.get("RENDITION_STREAMS_MAX") or 2 * (os.cpu_count() or 1))
RENDITION_MID_STREAMS_MAX = int(os.environ.get("RENDITION_MID_STREAMS_MAX") or 0)
FFMPEG_MEMORY_BYTES = 2 * 1024 * 1024 * 1024
FFMPEG_CPU_SECONDS = 4 * 3600  # then a fresh one goes on in its place
LIVE_LEAST_FREE_BYTES = 1024 * 1024 * 1024  # below this no new picture is taken; orders go on
LIVE_TIGHT_FREE_BYTES = 5 * LIVE_LEAST_FREE_BYTES  # below this recordings that nobody must keep go
INGEST_KEEP_DAYS = 2  # what phones sent, once the show is one file
RECORDING_KEEP_DAYS = 90
SALE_RECORDING_KEEP_DAYS = 3 * 365 + 1  # three years, a leap day included: evidence of what was promised
PHOTO_MAX_BYTES = 20 * 1024 * 1024
PHOTO_MAX_PIXELS = 50_000_000
PHOTOS_PER_PRODUCT = 9
CHAT_MAX_CHARACTERS = 200

SMS_CODE_SECONDS = 300
SMS_CODE_ATTEMPTS = 5
SMS_CODES_PER_PHONE_HOUR = 5
SMS_CODES_PER_ADDRESS_HOUR = 20

# ---- Providers. `console` writes to var/log; nothing leaves the machine in a demo.
SMS_CHANNEL = os.environ.get("SMS_CHANNEL", "" if IS_PRODUCTION else "console")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if IS_PRODUCTION
    else "django.core.mail.backends.locmem.EmailBackend"
    if MARKET_MODE == "test"
    else "django.core.mail.backends.console.EmailBackend"
)
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Village Market <market@localhost>")
PAYMENT_GATEWAYS = _listed("PAYMENT_GATEWAYS", "" if IS_PRODUCTION else "sandbox")
if IS_PRODUCTION and "sandbox" in PAYMENT_GATEWAYS:
    raise ImproperlyConfigured("PAYMENT_GATEWAYS names the sandbox: it is for demos and takes no real money.")
CASH_ON_DELIVERY_MAX_FEN = int(os.environ.get("CASH_ON_DELIVERY_MAX_FEN", "50000"))
# From this sum on cash from hand to hand (handed over, given back) needs a second operator.
CASH_SECOND_PERSON_FEN = int(os.environ.get("CASH_SECOND_PERSON_FEN", "50000"))
CASH_ORDERS_OPEN_MAX = 3  # of one buyer at once: each is a parcel that may come back
# No longer offered, but callbacks, closings and refunds of what was paid through them still work.
PAYMENT_GATEWAYS_RETIRED = _listed("PAYMENT_GATEWAYS_RETIRED")
COLLECTION_MODE = os.environ.get("COLLECTION_MODE", "")  # own_goods, profit_sharing or escrow
# How payees are paid: bank, cash, and with the settings of the same provider above alipay, wechat.
PAYOUT_WAYS = _listed("PAYOUT_WAYS", "bank,cash")
PAYOUT_LARGE_FEN = int(os.environ.get("PAYOUT_LARGE_FEN", "500000"))  # shown first to who checks a run
PAYOUT_ACCOUNT_KEYS = account_keys(SECRET_KEY, *SECRET_KEY_FALLBACKS, is_production=IS_PRODUCTION)
PAYOUT_WATCH_DAYS = int(os.environ.get("PAYOUT_WATCH_DAYS", "15"))  # asked so long whether money came back
PAYOUT_ODD_TIMES = 3  # so many times more or less than the payee got last: shown first, too
PAYMENT_CALLBACK_BASE_URL = os.environ.get("PAYMENT_CALLBACK_BASE_URL") or PUBLIC_URL
PROVIDER_ENVIRONMENT = {n: v for n, v in os.environ.items() if n.startswith(("ALIPAY_", "WECHATPAY_"))}
# The sandbox gateway is a provider of its own: it has its own keys, and we hold only its public one.
SANDBOX_MERCHANT_ID = "village-market-demo"
SANDBOX_GATEWAY_URL = os.environ.get("SANDBOX_GATEWAY_URL", "http://127.0.0.1:8020/sandbox-pay")
SANDBOX_PUBLIC_PAY_PATH = "/sandbox-pay"
SANDBOX_CALLBACK_BASE_URL = os.environ.get("SANDBOX_CALLBACK_BASE_URL", PUBLIC_URL)
SANDBOX_KEYS_DIR = Path(os.environ.get("SANDBOX_KEYS_DIR") or VAR_DIR / "secrets")
