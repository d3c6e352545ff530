"""What a person says about themselves: name and language."""

from django.db import transaction

from accounts.models import Language, User
from accounts.services.contacts import contact_of
from common.errors import Invalid


def save_profile(*, user: User, display_name: str | None = None, language: str | None = None) -> User:
    """Save the name or the language, on the account and on the contact that messages go to."""
    changed = []
    if display_name is not None:
        user.display_name = display_name.strip()
        changed.append("display_name")
    if language is not None:
        if language not in Language.values:
            raise Invalid(fields={"language": "zh-hans, en"})
        user.language = language
        changed.append("language")
    with transaction.atomic():
        user.save(update_fields=changed)
        contact_of(user)
    return user
