"""People for operators: accounts, contacts, addresses. Personal data is masked until it is asked for."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm

from accounts.models import Address, ApiToken, Contact, SignInCode, User
from common.admin_base import BaseAdmin
from common.admin_links import Link, list_link, masked, object_link, related
from common.audit import actor_of, record
from common.clock import utc_now

RIGHTS = ("is_staff", "is_superuser", "groups")


@admin.register(User)
class UserAdmin(BaseAdmin, DjangoUserAdmin):
    """One account for every role. Only superusers give rights; passwords are set, never seen."""

    noun, title = _("person"), _("People")
    fieldsets = None
    add_fieldsets = ()
    editable_fields = ("display_name", "language", "is_active", *RIGHTS)
    personal_fields = ("phone", "email")
    change_password_form = AdminPasswordChangeForm
    list_display = [
        "display_name",
        masked(User, "phone"),
        masked(User, "email"),
        "is_active",
        "is_staff",
        "joined_at",
    ]
    list_filter = ["is_staff", "is_active", "language"]
    search_fields = ["=phone", "email", "display_name"]
    date_hierarchy = "joined_at"
    ordering = ["-pk"]
    filter_horizontal = []
    autocomplete_fields = ["groups"]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> list:
        """Return all fields in one set."""
        return [(None, {"fields": self.get_fields(request, obj)})]

    def get_form(self, request: HttpRequest, obj: User | None = None, **options):
        """Skip Django's form for new users: people sign up themselves."""
        return BaseAdmin.get_form(self, request, obj, **options)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list:
        """Keep rights for superusers: who could give them could take them."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else [*fixed, *RIGHTS]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let only superusers change a superuser."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a password; that it was set is audited in the same transaction."""
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == 302:
                record(
                    actor=actor_of(request.user),
                    action="accounts.set_password",
                    target=f"user:{id}",
                    now=utc_now(),
                )
        return response

    def links(self, user: User) -> list[Link | None]:
        """Return what the person bought, and the contact, farmer, host of theirs."""
        found = [object_link(getattr(user, name, None)) for name in ("contact", "farmer", "host")]
        password = Link(_("Set password"), reverse("admin:auth_user_password_change", args=[user.pk]))
        orders = list_link("orders.order", _("Orders"), q=user.phone or user.email)
        members = list_link("shops.shopmember", _("Shops"), q=user.phone or user.email)
        trail = list_link("common.auditentry", _("Audit trail"), q=f"user:{user.pk}")
        return [*found, orders, members, trail, password]


@admin.register(Contact)
class ContactAdmin(BaseAdmin):
    """Who can be told something, with or without an account."""

    noun, title = _("contact"), _("Contacts")
    personal_fields = ("phone", "email")
    list_display = [
        "name",
        masked(Contact, "phone"),
        masked(Contact, "email"),
        "language",
        related("user", _("person")),
    ]
    list_filter = ["language"]
    list_select_related = ["user"]
    search_fields = ["=phone", "email", "name"]

    def links(self, contact: Contact) -> list[Link | None]:
        """Return the account and what was told."""
        told = list_link("notifications.notification", _("What was told"), contact__id__exact=contact.pk)
        return [object_link(contact.user), told]


@admin.register(Address)
class AddressAdmin(BaseAdmin):
    """Where parcels go."""

    noun, title = _("address"), _("Addresses")
    personal_fields = ("recipient", "phone", "detail")
    list_display = [
        masked(Address, "recipient"),
        masked(Address, "phone"),
        "region",
        "is_default",
        related("user", _("person")),
    ]
    list_select_related = ["user"]
    search_fields = ["=phone", "=user__phone", "recipient"]


@admin.register(SignInCode)
class SignInCodeAdmin(BaseAdmin):
    """Codes sent by SMS; what can be seen of them does not sign anybody in."""

    noun, title = _("sign-in code"), _("Sign-in codes")
    personal_fields = ("phone",)
    hidden_fields = ("salt", "code_hash", "sender_digest")
    list_display = [masked(SignInCode, "phone"), "created_at", "expires_at", "attempts", "used_at"]
    search_fields = ["=phone"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]


@admin.register(ApiToken)
class ApiTokenAdmin(BaseAdmin):
    """Bearer tokens; only a digest exists."""

    noun, title = _("API token"), _("API tokens")
    hidden_fields = ("digest",)
    list_display = ["id", related("user", _("person")), "created_at", "expires_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["=user__phone", "=user__email"]
    date_hierarchy = "created_at"
    ordering = ["-pk"]
