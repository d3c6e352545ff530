"""Addresses of storefront."""

app_name = "storefront"
urlpatterns = []
api_urlpatterns = []
