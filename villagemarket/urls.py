"""Every path of the pages, the API and the admin. Raw doors (room, chunks, media) are in doors.py."""

from importlib import import_module

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.views import set_language
from villagemarket import answers, health

# Order matters only for the site's front page, which storefront owns.
PAGES = ("storefront", "accounts", "notifications", "shops", "livestreams", "orders", "payments", "payouts",
         "sellerdesk")  # fmt: skip
API = ("accounts", "notifications", "shops", "livestreams", "orders", "payments", "payouts", "sellerdesk",
       "storefront")  # fmt: skip


def _patterns(app: str, name: str) -> list:
    return getattr(import_module(f"{app}.urls"), name, [])


api_urlpatterns = [pattern for app in API for pattern in _patterns(app, "api_urlpatterns")] + [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", include((api_urlpatterns, "api"))),
    path("admin/", admin.site.urls),
    path("language/", set_language, name="set_language"),
    *(path("", include(f"{app}.urls")) for app in PAGES),
]

handler400 = answers.bad_request
handler403 = answers.forbidden
handler404 = answers.not_found
handler500 = answers.server_error
