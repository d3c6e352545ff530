"""Addresses of payments."""

app_name = "payments"
urlpatterns = []
api_urlpatterns = []
