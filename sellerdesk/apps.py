from django.apps import AppConfig


class SellerdeskConfig(AppConfig):
    name = "sellerdesk"
    default_auto_field = "django.db.models.BigAutoField"
