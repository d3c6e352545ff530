"""REST doors of sign-in, profile and address book."""

from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from accounts.errors import WrongCredentials
from accounts.models import Address, ApiToken, User
from accounts.regions import provinces, regions_under
from accounts.selectors import get_address, list_addresses
from accounts.serializers import (
    AddressSerializer,
    CodeSentSerializer,
    CodeSerializer,
    MeSerializer,
    PasswordSerializer,
    PhoneSerializer,
    RegionSerializer,
    TokenSerializer,
)
from accounts.services.addresses import delete_address, save_address
from accounts.services.profiling import save_profile
from accounts.services.signing_in import TOKEN_LIFETIME, issue_token, revoke_token, send_code, verify_code
from common.clock import utc_now


class SignInView(APIView):
    """A door for people who are not signed in: an old cookie or token in the request plays no part."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_scope = "sign_in"

    def token_answer(self, user: User) -> Response:
        """Return a new token."""
        now = utc_now()
        token = issue_token(user=user, now=now)
        answer = TokenSerializer({"token": token, "expires_at": now + TOKEN_LIFETIME})
        return Response(answer.data, headers={"Cache-Control": "no-store"})


class TokenView(SignInView):
    """Sign in with a password."""

    @extend_schema(
        operation_id="auth_token", request=PasswordSerializer, responses={200: TokenSerializer}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Exchange phone or e-mail and password for a bearer token."""
        form = PasswordSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        user = authenticate(
            request._request,
            username=form.validated_data["identifier"],
            password=form.validated_data["password"],
        )
        if user is None:
            raise WrongCredentials()
        return self.token_answer(user)


class CodeView(SignInView):
    """Ask for a code by SMS."""

    throttle_scope = "code"

    @extend_schema(
        operation_id="auth_code", request=PhoneSerializer, responses={202: CodeSentSerializer}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Send a code to any mobile number, known or not."""
        form = PhoneSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        send_code(phone=form.validated_data["phone"], now=utc_now(), ip=request.META.get("REMOTE_ADDR", ""))
        return Response({"expires_in": settings.SMS_CODE_SECONDS}, status.HTTP_202_ACCEPTED)


class CodeVerifyView(SignInView):
    """Sign in or up with a code."""

    @extend_schema(
        operation_id="auth_code_verify", request=CodeSerializer, responses={200: TokenSerializer}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Exchange a code for a bearer token; a new phone becomes a buyer."""
        form = CodeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return self.token_answer(verify_code(now=utc_now(), **form.validated_data))


class LogoutView(APIView):
    """Sign out."""

    @extend_schema(operation_id="auth_logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the bearer token of this request, or the browser's session."""
        if isinstance(request.auth, ApiToken):
            header = request.headers["Authorization"]
            revoke_token(token=header.split()[1], now=utc_now())
        else:
            logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(generics.GenericAPIView):
    """The person's own account."""

    serializer_class = MeSerializer

    @extend_schema(operation_id="me")
    def get(self, request: Request) -> Response:
        """Return the person's own account."""
        return Response(MeSerializer(request.user).data)

    @extend_schema(operation_id="me_update")
    def patch(self, request: Request) -> Response:
        """Change name or language; everything else in the body is ignored."""
        form = MeSerializer(request.user, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        return Response(MeSerializer(save_profile(user=request.user, **form.validated_data)).data)


class AddressListView(generics.ListCreateAPIView):
    """The person's own addresses."""

    serializer_class = AddressSerializer
    filter_backends = []

    def get_queryset(self) -> QuerySet[Address]:
        """Start from the person."""
        if getattr(self, "swagger_fake_view", False):
            return Address.objects.none()
        return list_addresses(self.request.user)

    def perform_create(self, serializer: BaseSerializer) -> None:
        """Add an address."""
        serializer.instance = save_address(user=self.request.user, data=serializer.validated_data)


class AddressView(generics.RetrieveUpdateDestroyAPIView):
    """One of the person's own addresses."""

    serializer_class = AddressSerializer
    queryset = Address.objects.none()
    http_method_names = ["get", "patch", "delete", "head", "options"]

    def get_object(self) -> Address:
        """Return the person's own; a stranger's is 404."""
        return get_address(user=self.request.user, address_id=self.kwargs["pk"])

    def perform_update(self, serializer: BaseSerializer) -> None:
        """Change it."""
        serializer.instance = save_address(
            user=self.request.user, data=serializer.validated_data, address=serializer.instance
        )

    def perform_destroy(self, instance: Address) -> None:
        """Delete it."""
        delete_address(user=self.request.user, address_id=instance.pk)


class RegionList(APIView):
    """Provinces, prefectures, counties of GB/T 2260."""

    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(
        operation_id="regions",
        parameters=[
            OpenApiParameter("under", str, description="A province or prefecture; empty: provinces.")
        ],
        responses=RegionSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Return the regions under one, or the provinces."""
        under = request.query_params.get("under", "")
        response = Response(RegionSerializer(regions_under(under) if under else provinces(), many=True).data)
        response["Cache-Control"] = "public, max-age=86400"
        return response
