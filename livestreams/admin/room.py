"""Rooms, for operators."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from common.admin_base import BaseAdmin, Move
from common.admin_links import related, shown, state
from common.clock import utc_now
from common.errors import MarketError
from livestreams.models import (
    BlockedWord,
    ChatMessage,
    ModerationAction,
    QuickReply,
)
from livestreams.services import blocking
from livestreams.services.overseeing import (
    ban_by_operator,
    hide_by_operator,
    lift_by_operator,
    show_by_operator,
)
from livestreams.statuses import MessageKind, MessageStatus, ModerationKind


@admin.register(ChatMessage)
class ChatMessageAdmin(BaseAdmin):
    """Lines in rooms; hidden, never deleted."""

    noun, title = _("chat message"), _("Chat")
    list_display = [
        "text",
        related("author", _("person")),
        related("session", _("live session")),
        state({"visible": "success", "held": "warning", "hidden": "danger"}),
        "created_at",
    ]
    list_filter = ["status", "kind", "held_reason"]
    list_select_related = ["author", "session"]
    search_fields = ["text", "=author__phone", "session__title"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="hide",
            label=_("Hide"),
            run=lambda request, message, data: hide_by_operator(
                actor=request.user, message_id=message.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({MessageStatus.VISIBLE, MessageStatus.HELD}),
            bulk=True,
            is_dangerous=True,
        ),
        Move(
            name="show",
            label=_("Show to everybody"),
            run=lambda request, message, data: show_by_operator(
                actor=request.user, message_id=message.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({MessageStatus.HELD, MessageStatus.HIDDEN}),
            bulk=True,
        ),
        Move(
            name="ban",
            label=_("Ban the person from this room"),
            run=lambda request, message, data: ban_by_operator(
                actor=request.user, message_id=message.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({MessageKind.SAID}),
            field="kind",
            is_dangerous=True,
        ),
    )


@admin.register(ModerationAction)
class ModerationActionAdmin(BaseAdmin):
    """Who did what to whom, and why."""

    noun, title = _("moderation"), _("Moderation")
    list_display = [
        "kind",
        related("session", _("live session")),
        related("moderator", _("moderator")),
        related("person", _("person")),
        "reason",
        "until",
        "created_at",
    ]
    list_filter = ["kind"]
    list_select_related = ["session", "moderator", "person"]
    search_fields = ["=person__phone", "=moderator__phone", "session__title", "reason"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="lift",
            label=_("Lift it"),
            run=lambda request, action, data: lift_by_operator(
                actor=request.user, action_id=action.pk, reason=data["reason"], now=utc_now()
            ),
            states=frozenset({ModerationKind.MUTE, ModerationKind.BAN}),
            field="kind",
        ),
    )


class WordsForm(forms.ModelForm):
    """Words to block in every room, one a line."""

    lines = forms.CharField(
        label=_("One word a line"), max_length=100_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 12})
    )

    class Meta:
        model = BlockedWord
        fields = ["reaction"]

    def clean_lines(self) -> str:
        """Check the words as the service does."""
        lines = self.cleaned_data["lines"]
        try:
            blocking.words_of(lines)
        except MarketError as refusal:
            raise forms.ValidationError(next(iter(refusal.fields.values()))) from refusal
        return lines


@admin.register(BlockedWord)
class BlockedWordAdmin(BaseAdmin):
    """Words that the chat does not let through: added many at once, taken out by a move."""

    noun, title = _("blocked word"), _("Blocked words")
    can_add = True
    form = WordsForm
    editable_fields = ("lines", "reaction")
    list_display = [
        "text",
        related("shop", _("shop")),
        "reaction",
        related("created_by", _("person")),
        "created_at",
    ]
    list_filter = ["reaction"]
    list_select_related = ["shop", "created_by"]
    search_fields = ["text", "shop__name"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
    moves = (
        Move(
            name="remove",
            label=_("Let it through again"),
            run=lambda request, word, data: blocking.remove_word(
                actor=request.user,
                shop_id=word.shop_id,
                word_id=word.pk,
                reason=data["reason"],
                now=utc_now(),
            ),
            bulk=True,
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: BlockedWord | None = None) -> bool:
        """Refuse: a word is taken out and added again."""
        return False

    def get_fields(self, request: HttpRequest, obj: BlockedWord | None = None) -> list[Any]:
        """Return the lines to type for new words, the columns of a row otherwise."""
        if obj is None:
            return list(self.editable_fields)
        return [shown(self.model, field.name) for field in self.opts.fields if field.name != "id"]

    def get_readonly_fields(self, request: HttpRequest, obj: BlockedWord | None = None) -> list[Any]:
        """Return what is not typed in."""
        return [] if obj is None else self.get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: BlockedWord, form: forms.ModelForm, change: bool) -> None:
        """Add every line; the row that the admin goes on with is one of them."""
        lines = form.cleaned_data["lines"]
        blocking.add_words(
            actor=request.user, shop_id=None, lines=lines, reaction=obj.reaction, now=utc_now()
        )
        saved = BlockedWord.objects.get(shop=None, folded=next(iter(blocking.words_of(lines))))
        obj.__dict__.update(saved.__dict__)

    def move_view(self, request: HttpRequest, object_id: str, move: str) -> HttpResponse:
        """Go back to the list: the row is gone."""
        response = super().move_view(request, object_id, move)
        return redirect(self._url("changelist")) if response.status_code == 302 else response


@admin.register(QuickReply)
class QuickReplyAdmin(BaseAdmin):
    """What hosts say with one tap."""

    noun, title = _("quick reply"), _("Quick replies")
    list_display = ["text", related("host", _("host")), "position"]
    list_select_related = ["host"]
    search_fields = ["text", "host__name"]
    ordering = ["-pk"]
