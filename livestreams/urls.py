"""Addresses of livestreams; its pages live in storefront and sellerdesk."""

from django.urls import path

from livestreams import api

app_name = "livestreams"
urlpatterns = []

_SESSION = "live-sessions/<int:session_id>/"
api_urlpatterns = [
    path("live-sessions/", api.SessionList.as_view(), name="live-sessions"),
    path(_SESSION, api.SessionDetail.as_view(), name="live-session"),
    path(f"{_SESSION}schedule/", api.SessionSchedule.as_view(), name="live-session-schedule"),
    path(f"{_SESSION}start/", api.SessionStart.as_view(), name="live-session-start"),
    path(f"{_SESSION}end/", api.SessionEnd.as_view(), name="live-session-end"),
    path(f"{_SESSION}cancel/", api.SessionCancel.as_view(), name="live-session-cancel"),
    path(f"{_SESSION}rundown/", api.Rundown.as_view(), name="rundown"),
    path(f"{_SESSION}rundown/<int:item_id>/", api.RundownItemDetail.as_view(), name="rundown-item"),
    path(f"{_SESSION}pin/", api.Pin.as_view(), name="pin"),
    path(f"{_SESSION}messages/", api.Messages.as_view(), name="messages"),
    path(f"{_SESSION}mutes/", api.Mutes.as_view(), name="mutes"),
    path(f"{_SESSION}takes/", api.Takes.as_view(), name="takes"),
    path(f"{_SESSION}takes/<int:take_id>/token/", api.TakeToken.as_view(), name="take-token"),
    path(f"{_SESSION}takes/<int:take_id>/close/", api.TakeClose.as_view(), name="take-close"),
    path(f"{_SESSION}likes/", api.Likes.as_view(), name="likes"),
    path("messages/<int:message_id>/hide/", api.MessageHide.as_view(), name="message-hide"),
]
