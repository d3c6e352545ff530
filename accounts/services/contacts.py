"""Who can be told something (decisions.md 7)."""

from django.db import transaction

from accounts.models import Contact, User


def contact_of(user: User) -> Contact:
    """Return the person's contact, made or brought up to date with the account."""
    wanted = {
        "name": user.display_name or str(user),
        "phone": user.phone or "",
        "email": user.email or "",
        "language": user.language,
    }
    with transaction.atomic():
        contact, _made = Contact.objects.get_or_create(user=user, defaults=wanted)
        stale = [name for name, value in wanted.items() if getattr(contact, name) != value]
        if stale:
            for name in stale:
                setattr(contact, name, wanted[name])
            contact.save(update_fields=stale)
    return contact
