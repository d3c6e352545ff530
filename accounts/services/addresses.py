"""The address book. At most one default address a person, also when two phones save at once."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.errors import TooManyAddresses
from accounts.models import Address, User
from accounts.phones import normalize_phone
from accounts.regions import is_county, region_name
from accounts.selectors import get_address, list_addresses
from common.errors import Invalid

ADDRESSES_PER_PERSON = 20
FIELDS = ("recipient", "phone", "region_code", "region", "detail")
PHONE_MESSAGE = _("Enter a telephone number, such as 138 1234 5678.")


def save_address(*, user: User, data: dict[str, Any], address: Address | None = None) -> Address:
    """Add an address or change the person's own; the first becomes the default. Data is already cleaned.

    `data` may hold recipient, phone, region_code, region, detail, is_default; Invalid, TooManyAddresses.
    """
    values = {name: data[name] for name in FIELDS if name in data}
    if "phone" in values:
        try:
            values["phone"] = normalize_phone(values["phone"], allow_landline=True)
        except ValueError as error:
            raise Invalid(fields={"phone": PHONE_MESSAGE}) from error
    if values.get("region_code"):
        if not is_county(values["region_code"]):
            raise Invalid(fields={"region_code": _("Choose province, city and county.")})
        # The name goes with the code, whatever the client wrote.
        values["region"] = region_name(values["region_code"])
    with transaction.atomic():
        _lock(user)
        if address is None:
            count = Address.objects.filter(user=user).count()
            if count >= ADDRESSES_PER_PERSON:
                raise TooManyAddresses()
            address = Address(user=user)
        else:
            address = get_address(user=user, address_id=address.pk)
            count = None
        for name, value in values.items():
            setattr(address, name, value)
        if data.get("is_default") or count == 0:
            Address.objects.filter(user=user, is_default=True).exclude(pk=address.pk).update(is_default=False)
            address.is_default = True
        if address.pk:
            address.save(update_fields=[*values, "is_default"])
        else:
            address.save()
    return address


def delete_address(*, user: User, address_id: int) -> None:
    """Delete the person's own address; the newest one left becomes the default if it was that."""
    with transaction.atomic():
        _lock(user)
        address = get_address(user=user, address_id=address_id)
        was_default = address.is_default
        address.delete()
        heir = list_addresses(user).first() if was_default else None
        if heir is not None:
            heir.is_default = True
            heir.save(update_fields=["is_default"])


def _lock(user: User) -> None:
    """Let one change of a person's address book run at a time."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
