"""Addresses of orders."""

app_name = "orders"
urlpatterns = []
api_urlpatterns = []
