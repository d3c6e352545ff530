"""Addresses of the inbox in the API; its page is storefront's."""

from django.urls import path

from notifications import api

app_name = "notifications"
urlpatterns = []
api_urlpatterns = [
    path("notifications/", api.NotificationListView.as_view(), name="notifications"),
    path("notifications/read/", api.NotificationReadView.as_view(), name="notifications_read"),
]
