"""The book over the API: what a payee has earned, and how an account moved between two instants."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import MarketPagination
from ledger.models import LedgerAccount
from ledger.selectors import account_statement
from payouts.book_shapes import (
    AccountSerializer,
    AccountStatementSerializer,
    EarningsSerializer,
    WindowSerializer,
)
from payouts.selectors import earnings_by_month, expected_payout
from payouts.selectors.accounts import get_visible_account, list_visible_accounts


class AccountPagination(MarketPagination):
    """Accounts are read from the first on."""

    ordering = "pk"


class LedgerAccountViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The accounts on which the market owes the person something; to operators every account."""

    queryset = LedgerAccount.objects.none()
    serializer_class = AccountSerializer
    pagination_class = AccountPagination
    lookup_value_regex = r"\d{1,18}"
    filter_backends = []

    def get_queryset(self) -> QuerySet:
        """Return what the person may see."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return list_visible_accounts(user=self.request.user)

    @extend_schema(parameters=[WindowSerializer], responses=AccountStatementSerializer)
    @action(detail=True, pagination_class=None)
    def statement(self, request: Request, pk: str) -> Response:
        """Give every entry of `starts_at` ≤ posted < `ends_at`, with the balance before and after."""
        window = WindowSerializer(data=request.query_params)
        window.is_valid(raise_exception=True)
        account = get_visible_account(user=request.user, account_id=int(pk))
        found = account_statement(account=account, **window.validated_data)
        return Response(AccountStatementSerializer(found).data)


class EarningsView(APIView):
    """What the person has earned as farmer, host or shop owner."""

    @extend_schema(responses=EarningsSerializer)
    def get(self, request: Request) -> Response:
        """Give today, the period so far, what the next tally would pay, and six months."""
        now = utc_now()
        earnings = expected_payout(user=request.user, now=now)
        months = earnings_by_month(user=request.user, now=now)
        return Response(EarningsSerializer({"earnings": earnings, "months": months}).data)
