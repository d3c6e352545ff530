"""Who may call the goods API."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class ReadsOrSignedIn(BasePermission):
    """Everybody reads what is public; writing needs a person, whose rights the services check."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Allow reads, and writes of signed-in people."""
        return request.method in SAFE_METHODS or bool(request.user and request.user.is_authenticated)
