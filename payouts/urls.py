"""Addresses of payouts."""

app_name = "payouts"
urlpatterns = []
api_urlpatterns = []
