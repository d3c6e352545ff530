"""Addresses of payouts."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from payouts import callback_api
from payouts.api import PayoutStatementViewSet
from payouts.book_api import EarningsView, LedgerAccountViewSet

app_name = "payouts"
urlpatterns = []

router = SimpleRouter()
router.register("payout-statements", PayoutStatementViewSet, basename="payout-statement")
router.register("ledger-accounts", LedgerAccountViewSet, basename="ledger-account")
api_urlpatterns = [
    path("earnings/", EarningsView.as_view(), name="earnings"),
    path(
        "payouts/callbacks/wechatpay/",
        callback_api.WeChatTransferCallbackView.as_view(),
        name="transfer_callback_wechatpay",
    ),
    path(
        "payouts/callbacks/alipay/",
        callback_api.AlipayTransferCallbackView.as_view(),
        name="transfer_callback_alipay",
    ),
    *router.urls,
]
