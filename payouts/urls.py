"""Addresses of payouts."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from payouts.api import PayoutStatementViewSet
from payouts.book_api import EarningsView, LedgerAccountViewSet

app_name = "payouts"
urlpatterns = []

router = SimpleRouter()
router.register("payout-statements", PayoutStatementViewSet, basename="payout-statement")
router.register("ledger-accounts", LedgerAccountViewSet, basename="ledger-account")
api_urlpatterns = [path("earnings/", EarningsView.as_view(), name="earnings"), *router.urls]
