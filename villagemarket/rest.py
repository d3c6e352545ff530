"""Settings of the REST API (api.md): default-deny, one error shape, cursor pages, limits."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.parsing.MarketJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "common.drf.MarketPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.drf.handle_error",
    "DEFAULT_THROTTLE_CLASSES": ["common.throttling.MarketThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "anonymous": "600/min",
        "person": "1200/min",
        "sign_in": "120/min",
        "code": "20/min",
        "chat": "30/min",
        "upload": "60/min",
        "order": "60/min",
    },
    "NUM_PROXIES": 0,  # villagemarket.middleware.ClientAddressMiddleware has settled the address
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Village Market",
    "DESCRIPTION": "From a farmer's photo to the farmer's payout. Money is integer fen, times are UTC.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "villagemarket.schema.add_raw_doors",
        "common.schema.add_error_answers",
    ],
    # Several things have a "status"; each set of choices has a name of its own in the schema.
    "ENUM_NAME_OVERRIDES": {
        f"{name}Enum": f"{module}.statuses.{name}"
        for module, names in {
            "livestreams": ("DealStatus", "SessionStatus", "MessageStatus", "ReplayStatus", "TakeStatus"),
            "notifications": ("DeliveryStatus",),
            "orders": (
                "CaseKind",
                "CaseStatus",
                "CostBearer",
                "CouponBearer",
                "InvoiceKind",
                "OrderStatus",
                "RefundRequestStatus",
                "ShipmentStatus",
            ),
            "payments": ("HandMethod", "PaymentStatus", "RefundStatus"),
            "payouts": ("PayoutStatus", "PeriodStatus", "StatementStatus", "LineKind"),
            "shops": (
                "AuthorizationStatus",
                "HostStatus",
                "LotStatus",
                "PhotoStatus",
                "ProductStatus",
                "ShopStatus",
            ),
        }.items()
        for name in names
    },
}
