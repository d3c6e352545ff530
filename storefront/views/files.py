"""Private files that the media door did not give: the door asks these pages to say why."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@login_required
@require_safe
def private_file(request: HttpRequest, path: str) -> HttpResponse:
    """Let the person sign in and come back to the door; who has signed in learns that it is not theirs."""
    raise Http404
