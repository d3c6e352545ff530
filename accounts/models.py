"""People: accounts, contacts, addresses, sign-in codes, bearer tokens."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.masking import mask_phone


class Language(models.TextChoices):
    """Languages that the market speaks."""

    ZH_HANS = "zh-hans", _("Chinese (simplified)")
    EN = "en", _("English")


class UserManager(BaseUserManager):
    """Makes users that have a phone or an e-mail address."""

    def create_user(
        self, *, phone: str | None = None, email: str | None = None, password: str | None = None, **fields
    ):
        """Create a user; without a password only the SMS code signs in."""
        user = self.model(phone=phone or None, email=(email or "").strip().lower() or None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, *, email: str, password: str, **fields):
        """Create an operator with every permission."""
        return self.create_user(email=email, password=password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, identifier: str):
        """Find by phone or e-mail."""
        return self.get(models.Q(phone=identifier) | models.Q(email=identifier.strip().lower()))


class User(AbstractBaseUser, PermissionsMixin):
    """One account for every role; signs in by phone or e-mail. Phones are 11 digits or +country form."""

    phone = models.CharField(_("phone"), max_length=20, unique=True, null=True, blank=True)
    email = models.EmailField(_("e-mail"), unique=True, null=True, blank=True)
    display_name = models.CharField(_("name"), max_length=60, blank=True)
    language = models.CharField(max_length=10, choices=Language, default=Language.ZH_HANS)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    joined_at = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="user_reachable",
                condition=models.Q(phone__isnull=False) | models.Q(email__isnull=False),
            ),
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
        ]

    def __str__(self) -> str:
        return self.display_name or mask_phone(self.phone) or f"#{self.pk}"

    def get_full_name(self) -> str:
        """Return the name that the admin shows."""
        return str(self)

    def get_username(self) -> str:
        """Return what the person signs in with; a phone where there is no e-mail address."""
        return self.email or self.phone or ""


class Contact(models.Model):
    """Who can be told something, with or without an account (decisions.md 7)."""

    name = models.CharField(max_length=60)
    phone = models.CharField(max_length=20, blank=True, db_index=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=10, choices=Language, default=Language.ZH_HANS)
    user = models.OneToOneField(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="contact"
    )

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """Where a buyer wants parcels; `region_code` is the six-digit county code of GB/T 2260."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    recipient = models.CharField(_("recipient"), max_length=60)
    phone = models.CharField(_("phone"), max_length=20)
    region_code = models.CharField(max_length=6, blank=True)
    region = models.CharField(_("province, city, county"), max_length=120)
    detail = models.CharField(_("street and number"), max_length=200)
    is_default = models.BooleanField(_("use by default"), default=False)

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], name="address_one_default", condition=models.Q(is_default=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.detail}"


class SignInCode(models.Model):
    """A six-digit code sent by SMS: hashed, short-lived, few attempts.

    The code itself follows from `salt` and the site's secret, so that the sender needs only this row's id.
    `sender_digest` (keyed hash of the asking network address) bounds how many one address may ask for.
    """

    phone = models.CharField(max_length=20, db_index=True)
    salt = models.CharField(max_length=32)
    code_hash = models.CharField(max_length=64)
    sender_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["sender_digest", "created_at"], name="sign_in_code_by_sender")]

    def __str__(self) -> str:
        return mask_phone(self.phone)


class ApiToken(models.Model):
    """A bearer token for other clients than the browser; only its SHA-256 is stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token of {self.user_id}"
