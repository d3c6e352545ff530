"""Tell the host why the market ended a show."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.services.contacts import contact_of
from livestreams.models import LiveSession
from notifications.services.telling import in_language_of, tell


def tell_ended_dark(*, session_id: int, now: datetime) -> None:
    """Tell the host, once, that the show ended because its picture stayed away."""
    session = LiveSession.objects.select_related("host__user").get(pk=session_id)
    contact = contact_of(session.host.user)
    with in_language_of(contact):
        tell(
            contact_id=contact.pk,
            kind="show_ended",
            title=_("Your show has ended: %(title)s") % {"title": session.title},
            body=_(
                "There was no picture for %(minutes)s minutes. The orders are safe, and the replay is made "
                "from what was sent."
            )
            % {"minutes": settings.INTERRUPTION_GRACE_MINUTES},
            url=f"/desk/live/{session.pk}/report/",
            dedupe_key=f"show_ended:{session.pk}",
            now=now,
        )
