"""Who may see a private photo: those whom it concerns, and the market's operators."""

import uuid

from django.db.models import Q

from accounts.models import User
from orders.models import AfterSaleCase, Conversation, PrivateMessage
from shops.models import Photo


def may_see_photo(*, user: User, public_id: uuid.UUID) -> bool:
    """Tell whether a person sent a private photo, or is a side of the case or of the talk it belongs to."""
    if not user.is_active:
        return False
    photo = Photo.objects.filter(public_id=public_id, is_private=True).only("pk", "uploaded_by").first()
    if photo is None:
        return False
    if user.is_staff or photo.uploaded_by_id == user.pk:
        return True
    cases = AfterSaleCase.objects.filter(evidence__photo=photo)
    if cases.filter(Q(order__group__buyer=user) | Q(order__shop__memberships__user=user)).exists():
        return True
    talks = PrivateMessage.objects.filter(photos=photo).values("conversation")
    return Conversation.objects.for_person(user).filter(pk__in=talks).exists()
