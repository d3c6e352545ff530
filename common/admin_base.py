"""What every admin page of the market shares: read-only unless named, moves through services, masked people.

A model admin lists `moves`: buttons that call one service with a reason. Everything else is for reading.
Edits of the few `editable_fields`, moves and reveals are audited (rules.md PR8, PR9).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget

from common.admin_links import Link, label_of, masked, named_filters, own_columns, shown
from common.audit import actor_of, record
from common.clock import utc_now
from common.errors import MarketError


class ReasonForm(forms.Form):
    """Why an operator does it; kept in the audit trail."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )


class OptionalReasonForm(ReasonForm):
    """A move that explains itself."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False


@dataclass(frozen=True)
class Move:
    """A button that calls one service: `run(request, thing, cleaned_data)`; a MarketError is shown.

    `states` are the values of `field` in which it is offered (None: always); `permission` is an action of
    Django ("change") or a full name ("payouts.change_payout"); `bulk` offers it for selected rows too.
    `told` says above the form what will happen.
    """

    name: str
    label: str
    run: Callable[[HttpRequest, Any, dict[str, Any]], object]
    told: str = ""
    form: type[forms.Form] = ReasonForm
    states: frozenset[str] | None = None
    field: str = "status"
    permission: str = "change"
    bulk: bool = False
    is_dangerous: bool = False

    def fits(self, thing: models.Model) -> bool:
        """Return whether the thing is in a state from which this move starts."""
        return self.states is None or getattr(thing, self.field) in self.states


class ReadOnlyInline(TabularInline):
    """Related rows, for reading, each with a link to its own page."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Allow where the model itself may be seen."""
        names = [f"{self.opts.app_label}.{act}_{self.opts.model_name}" for act in ("view", "change")]
        return any(request.user.has_perm(name) for name in names)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        """Return the columns under their own names."""
        return own_columns(self.model, self.readonly_fields)

    get_readonly_fields = get_fields


class BaseAdmin(ModelAdmin):
    """See the module: read-only by default, moves, masked personal data, links."""

    moves: tuple[Move, ...] = ()
    editable_fields: tuple[str, ...] = ()
    personal_fields: tuple[str, ...] = ()
    hidden_fields: tuple[str, ...] = ()
    extra_columns: tuple[Any, ...] = ()
    noun: Any = ""
    title: Any = ""
    can_add = False
    revealed: Callable[..., Any] = staticmethod(getattr)  # (thing, name) -> what is shown to who says why
    list_per_page = 50
    list_filter_submit = True
    show_full_result_count = False
    compressed_fields = True
    change_form_outer_before_template = "admin/_moves.html"

    def __init__(self, model: type[models.Model], admin_site: admin.AdminSite) -> None:
        """Let Django's own sentences, too, say what operators call the model."""
        super().__init__(model, admin_site)
        self.opts.verbose_name = self.noun or self.opts.verbose_name
        self.opts.verbose_name_plural = self.title or self.opts.verbose_name_plural

    # ---- Rights
    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow only for the few things that operators write down."""
        return self.can_add and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Allow only where fields are editable; states change by moves."""
        return bool(self.editable_fields) and super().has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Allow whoever may view or change the model."""
        return any(
            request.user.has_perm(f"{self.opts.app_label}.{action}_{self.opts.model_name}")
            for action in ("view", "change")
        )

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse: things end by a move, rows stay."""
        return False

    def may(self, request: HttpRequest, move: Move) -> bool:
        """Return whether the operator has the permission of a move."""
        name = move.permission
        if "." not in name:
            name = f"{self.opts.app_label}.{name}_{self.opts.model_name}"
        return request.user.has_perm(name)

    # ---- Fields
    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        """Return every column, personal ones masked; for a new row only what is typed in."""
        if obj is None:
            return list(self.editable_fields)
        hidden = {*self.hidden_fields, "password", "id"}
        names = [
            field.name
            for field in self.opts.fields
            if field.name not in hidden and not isinstance(field, models.BinaryField)
        ]
        many = [name for name in self.editable_fields if name not in names]
        return [*self.extra_columns, *(self._column(name) for name in names), *many]

    def _column(self, name: str) -> Any:
        if name in self.editable_fields:
            return name
        if name in self.personal_fields:
            return masked(self.model, name)
        return shown(self.model, name)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        """Return what is not editable."""
        return [name for name in self.get_fields(request, obj) if name not in self.editable_fields]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list under its own name."""
        context = dict(extra_context or {})
        if self.title:
            context["title"] = self.title
        return super().changelist_view(request, context)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list, its filters under the names of the columns."""
        return named_filters(super().get_changelist_instance(request))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Return the columns under their own names; the first leads to the row and holds no other link."""
        columns = own_columns(self.model, super().get_list_display(request))
        return ["pk", *columns] if getattr(columns[0], "is_link", False) else columns

    # ---- Moves
    def get_urls(self) -> list:
        """Add the pages of moves and of the reveal."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/move/<slug:move>/", view(self.move_view), name=f"{name}_move"),
            path("<path:object_id>/reveal/", view(self.reveal_view), name=f"{name}_reveal"),
            *super().get_urls(),
        ]

    def links(self, thing: models.Model) -> Iterable[Link]:
        """Return where to go on from here; override it."""
        return ()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the row with its moves and links."""
        context = dict(extra_context or {})
        thing = self.get_object(request, unquote(object_id)) if object_id else None
        if thing is not None:
            context["moves"] = [
                {"label": move.label, "url": self._url("move", thing, move.name), "move": move}
                for move in self.moves
                if move.fits(thing) and self.may(request, move)
            ]
            context["links"] = [link for link in self.links(thing) if link is not None]
            if self.personal_fields and self.has_view_permission(request, thing):
                context["reveal_url"] = self._url("reveal", thing)
        return super().changeform_view(request, object_id, form_url, context)

    def move_view(self, request: HttpRequest, object_id: str, move: str) -> HttpResponse:
        """Ask for the reason, then do the move."""
        found = next((each for each in self.moves if each.name == move), None)
        thing = self._thing(request, object_id)
        if found is None:
            raise Http404
        if not self.may(request, found):
            raise PermissionDenied
        form = found.form(request.POST or None)
        if request.method == "POST" and form.is_valid():
            refusal = self._try(request, found, thing, form.cleaned_data)
            if refusal is None:
                messages.success(request, _("Done: %(what)s") % {"what": found.label})
                return redirect(self._url("change", thing))
            _show_refusal(form, refusal)
        return self._ask(request, found, form, [thing], title=f"{found.label}: {thing}")

    def get_actions(self, request: HttpRequest) -> dict[str, tuple]:
        """Return the moves that may be done for selected rows."""
        actions = super().get_actions(request)
        for move in self.moves:
            if move.bulk and self.may(request, move):
                actions[move.name] = (self._bulk(move), move.name, move.label)
        return actions

    def _bulk(self, move: Move) -> Callable:
        def act(admin: "BaseAdmin", request: HttpRequest, chosen: models.QuerySet) -> HttpResponse | None:
            if not admin.may(request, move):
                raise PermissionDenied
            form = move.form(request.POST if "apply" in request.POST else None)
            if not form.is_bound or not form.is_valid():
                title = f"{move.label}: {chosen.count()} × {admin.noun or admin.opts.verbose_name}"
                return admin._ask(request, move, form, list(chosen[:200]), title=title, is_bulk=True)
            refusals = [admin._try(request, move, thing, form.cleaned_data) for thing in chosen]
            done = refusals.count(None)
            if done:
                messages.success(
                    request, _("Done: %(what)s (%(count)s)") % {"what": move.label, "count": done}
                )
            for refusal in refusals:
                if refusal is not None:
                    messages.error(request, refusal.message)
            return None

        return act

    def _try(
        self, request: HttpRequest, move: Move, thing: models.Model, data: dict[str, Any]
    ) -> MarketError | None:
        try:
            move.run(request, thing, data)
        except MarketError as refusal:
            return refusal
        self.log_change(request, thing, f"{move.name}: {data.get('reason', '')}"[:300])
        return None

    def _ask(
        self,
        request: HttpRequest,
        move: Move,
        form: forms.Form,
        things: list[models.Model],
        *,
        title: str,
        is_bulk: bool = False,
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "form": form,
            "move": move,
            "things": things,
            "is_bulk": is_bulk,
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "select_across": request.POST.get("select_across", "0"),
            "back_url": self._url("changelist") if is_bulk else self._url("change", things[0]),
        }
        return TemplateResponse(request, "admin/move.html", context)

    # ---- Personal data
    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show masked values once, to an operator who says why; the look is audited (rules.md PR9)."""
        thing = self._thing(request, object_id)
        if not self.personal_fields:
            raise Http404
        form = ReasonForm(request.POST or None)
        values = None
        if request.method == "POST" and form.is_valid():
            record(
                actor=actor_of(request.user),
                action="admin.reveal",
                target=_target(thing),
                after={"fields": list(self.personal_fields)},
                reason=form.cleaned_data["reason"],
                now=utc_now(),
            )
            values = [(self._label(name), self.revealed(thing, name)) for name in self.personal_fields]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Personal data: %(thing)s") % {"thing": self.noun or self.opts.verbose_name},
            "form": form,
            "values": values,
            "back_url": self._url("change", thing),
        }
        response = TemplateResponse(request, "admin/reveal.html", context)
        response["Cache-Control"] = "no-store"
        return response

    # ---- Edits
    def save_model(
        self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool
    ) -> None:
        """Save and audit in the same transaction; personal values are not written into the trail."""
        before = self._audited(form.initial, form.changed_data) if change else None
        super().save_model(request, obj, form, change)
        record(
            actor=actor_of(request.user),
            action="admin.change" if change else "admin.add",
            target=_target(obj),
            before=before,
            after=self._audited(form.cleaned_data, form.changed_data),
            now=utc_now(),
        )

    def _audited(self, values: dict[str, Any], names: Iterable[str]) -> dict[str, str]:
        return {name: "***" if name in self.personal_fields else _plain(values.get(name)) for name in names}

    def _label(self, name: str) -> str:
        return capfirst(str(label_of(self.model, name)))

    def _thing(self, request: HttpRequest, object_id: str) -> models.Model:
        thing = self.get_object(request, unquote(object_id))
        if thing is None:
            raise Http404
        if not self.has_view_permission(request, thing):
            raise PermissionDenied
        return thing

    def _url(self, page: str, thing: models.Model | None = None, *rest: str) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=[thing.pk, *rest] if thing is not None else [])


def _show_refusal(form: forms.Form, refusal: MarketError) -> None:
    for name, text in (refusal.fields or {}).items():
        form.add_error(name if name in form.fields else None, text)
    if not refusal.fields:
        form.add_error(None, refusal.message)


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, models.QuerySet | list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, bool | int | None) else str(value)[:100]


def _target(thing: models.Model) -> str:
    return f"{thing._meta.model_name}:{thing.pk}"


__all__ = ["BaseAdmin", "Move", "OptionalReasonForm", "ReadOnlyInline", "ReasonForm"]
