"""Addresses of shops."""

app_name = "shops"
urlpatterns = []
api_urlpatterns = []
