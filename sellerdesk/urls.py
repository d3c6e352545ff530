"""Addresses of sellerdesk."""

app_name = "sellerdesk"
urlpatterns = []
api_urlpatterns = []
