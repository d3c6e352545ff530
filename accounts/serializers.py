"""Shapes of sign-in, profile and address book (api.md); fields are listed, never implied (rules.md C5)."""

from rest_framework import serializers

from accounts.models import Address, Language, User
from accounts.phones import normalize_phone
from accounts.services.addresses import PHONE_MESSAGE


class PasswordSerializer(serializers.Serializer):
    """Phone or e-mail, and password."""

    identifier = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class PhoneSerializer(serializers.Serializer):
    """Where the code goes."""

    phone = serializers.CharField(max_length=24)


class CodeSerializer(PhoneSerializer):
    """A phone and the code it received."""

    code = serializers.CharField(max_length=12)


class TokenSerializer(serializers.Serializer):
    """A bearer token, shown this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class CodeSentSerializer(serializers.Serializer):
    """The code is on its way; the same answer whether the phone is known or not."""

    expires_in = serializers.IntegerField(help_text="Seconds for which the code can be used.")


class MeSerializer(serializers.ModelSerializer):
    """The person's own account."""

    display_name = serializers.CharField(max_length=60, allow_blank=True, required=False)
    language = serializers.ChoiceField(choices=Language.choices, required=False)

    class Meta:
        model = User
        fields = ["id", "phone", "email", "display_name", "language", "joined_at"]
        read_only_fields = ["id", "phone", "email", "joined_at"]


class AddressSerializer(serializers.ModelSerializer):
    """Where the person's parcels go."""

    phone = serializers.CharField(max_length=24)
    region_code = serializers.RegexField(
        r"^(\d{6})?$", required=False, allow_blank=True, help_text="County, GB/T 2260."
    )
    is_default = serializers.BooleanField(required=False)

    class Meta:
        model = Address
        fields = ["id", "recipient", "phone", "region_code", "region", "detail", "is_default"]
        read_only_fields = ["id"]
        # The one default address is the service's to move.
        validators = []

    def validate_phone(self, value: str) -> str:
        """Accept mobile numbers and landlines as people type them."""
        try:
            return normalize_phone(value, allow_landline=True)
        except ValueError as error:
            raise serializers.ValidationError(PHONE_MESSAGE) from error


class RegionSerializer(serializers.Serializer):
    """A place by its six digits of GB/T 2260."""

    code = serializers.CharField()
    name = serializers.CharField()
