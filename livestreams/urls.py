"""Addresses of livestreams; its pages live in storefront and sellerdesk."""

from django.urls import path

from livestreams import api, views

app_name = "livestreams"
urlpatterns = [
    path("hooks/media/publish/", views.media_publish, name="media_publish"),
    path("hooks/media/update/", views.media_update, name="media_update"),
    path("hooks/media/done/", views.media_done, name="media_done"),
]

_SESSION = "live-sessions/<int:session_id>/"
api_urlpatterns = [
    path("live-sessions/", api.sessions.SessionList.as_view(), name="live-sessions"),
    path(_SESSION, api.sessions.SessionDetail.as_view(), name="live-session"),
    path(f"{_SESSION}schedule/", api.sessions.SessionSchedule.as_view(), name="live-session-schedule"),
    path(f"{_SESSION}start/", api.sessions.SessionStart.as_view(), name="live-session-start"),
    path(f"{_SESSION}end/", api.sessions.SessionEnd.as_view(), name="live-session-end"),
    path(f"{_SESSION}cancel/", api.sessions.SessionCancel.as_view(), name="live-session-cancel"),
    path(f"{_SESSION}reminders/", api.sessions.Reminders.as_view(), name="reminders"),
    path(f"{_SESSION}rundown/copy/", api.rundown.RundownCopy.as_view(), name="rundown-copy"),
    path(f"{_SESSION}rundown/", api.rundown.Rundown.as_view(), name="rundown"),
    path(f"{_SESSION}rundown/<int:item_id>/", api.rundown.RundownItemDetail.as_view(), name="rundown-item"),
    path(f"{_SESSION}deals/", api.deals.Deals.as_view(), name="deals"),
    path(f"{_SESSION}deal-terms/", api.deals.DealTerms.as_view(), name="deal-terms"),
    path("deals/<int:deal_id>/start/", api.deals.DealStart.as_view(), name="deal-start"),
    path("deals/<int:deal_id>/extend/", api.deals.DealExtend.as_view(), name="deal-extend"),
    path("deals/<int:deal_id>/stop/", api.deals.DealStop.as_view(), name="deal-stop"),
    path(f"{_SESSION}pin/", api.rundown.Pin.as_view(), name="pin"),
    path(f"{_SESSION}messages/", api.room.Messages.as_view(), name="messages"),
    path(f"{_SESSION}mutes/", api.moderation.Mutes.as_view(), name="mutes"),
    path(f"{_SESSION}mutes/<int:person_id>/", api.moderation.MuteDetail.as_view(), name="mute"),
    path(f"{_SESSION}moderators/", api.moderation.Moderators.as_view(), name="moderators"),
    path(f"{_SESSION}moderators/join/", api.moderation.ModeratorJoin.as_view(), name="moderator-join"),
    path(
        f"{_SESSION}moderators/<int:person_id>/", api.moderation.ModeratorDetail.as_view(), name="moderator"
    ),
    path(f"{_SESSION}quick-replies/", api.moderation.QuickReplies.as_view(), name="quick-replies"),
    path(
        f"{_SESSION}quick-replies/<int:reply_id>/",
        api.moderation.QuickReplyDetail.as_view(),
        name="quick-reply",
    ),
    path(f"{_SESSION}slow-mode/", api.moderation.Pace.as_view(), name="slow-mode"),
    path(f"{_SESSION}media-key/", api.keys.MediaKeyDetail.as_view(), name="media-key"),
    path(f"{_SESSION}takes/", api.takes.Takes.as_view(), name="takes"),
    path(f"{_SESSION}takes/<int:take_id>/token/", api.takes.TakeToken.as_view(), name="take-token"),
    path(f"{_SESSION}takes/<int:take_id>/close/", api.takes.TakeClose.as_view(), name="take-close"),
    path(f"{_SESSION}gifts/", api.gifts.Gifts.as_view(), name="live-session-gifts"),
    path("gifts/<int:gift_id>/", api.gifts.GiftDetail.as_view(), name="gift"),
    path(f"{_SESSION}likes/", api.room.Likes.as_view(), name="likes"),
    path(f"{_SESSION}replay/", api.replays.ReplayDetail.as_view(), name="replay"),
    path(f"{_SESSION}clips/", api.replays.Clips.as_view(), name="clips"),
    path("clips/<int:clip_id>/", api.replays.ClipDetail.as_view(), name="clip"),
    path("messages/<int:message_id>/hide/", api.moderation.MessageHide.as_view(), name="message-hide"),
    path("messages/<int:message_id>/show/", api.moderation.MessageShow.as_view(), name="message-show"),
]
