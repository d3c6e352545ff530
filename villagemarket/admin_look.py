"""How the admin looks: its name, its colours, its menu."""

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

UNFOLD = {
    "SITE_TITLE": _("Village Market"),
    "SITE_HEADER": _("Village Market"),
    "SITE_SYMBOL": "landscape",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "8px",
    "STYLES": [lambda request: static("css/pages/admin.css")],
    "DASHBOARD_CALLBACK": "backoffice.views.dashboard",
    "SIDEBAR": {"navigation": "backoffice.views.menu"},
    "COLORS": {
        # barley, from light to dark
        "primary": {
            "50": "#fbf4e4",
            "100": "#f6e7c1",
            "200": "#eed59a",
            "300": "#e3bd6c",
            "400": "#d6a245",
            "500": "#c8862b",
            "600": "#845310",
            "700": "#6d440d",
            "800": "#55350a",
            "900": "#3f2808",
            "950": "#241704",
        },
    },
}
