"""Addresses of livestreams."""

app_name = "livestreams"
urlpatterns = []
api_urlpatterns = []
