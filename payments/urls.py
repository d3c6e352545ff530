"""Addresses of payments."""

from django.urls import path

from payments import api, cash_api, gift_api

app_name = "payments"
urlpatterns = []
api_urlpatterns = [
    path("order-groups/<int:group_id>/pay/", api.PayView.as_view(), name="order_group_pay"),
    path("gifts/<int:gift_id>/pay/", gift_api.GiftPayView.as_view(), name="gift_pay"),
    path("orders/<slug:number>/cash/", api.CashView.as_view(), name="order_cash"),
    path("orders/<slug:number>/refused/", api.RefusedParcelView.as_view(), name="order_refused"),
    path("shops/<int:shop_id>/cash/", cash_api.ShopCashView.as_view(), name="shop_cash"),
    path(
        "refunds/<int:refund_id>/given-by-hand/",
        cash_api.GivenByHandView.as_view(),
        name="refund_given_by_hand",
    ),
    path("hand-refunds/", cash_api.HandRefundsView.as_view(), name="hand_refunds"),
    path(
        "hand-refunds/<int:note_id>/received/",
        cash_api.HandRefundReceivedView.as_view(),
        name="hand_refund_received",
    ),
    path(
        "hand-refunds/<int:note_id>/not-received/",
        cash_api.HandRefundNotReceivedView.as_view(),
        name="hand_refund_not_received",
    ),
    path("payments/<int:payment_id>/", api.PaymentView.as_view(), name="payment"),
    path("payments/callbacks/sandbox/", api.SandboxCallbackView.as_view(), name="payment_callback_sandbox"),
    path("payments/callbacks/alipay/", api.AlipayCallbackView.as_view(), name="payment_callback_alipay"),
    path(
        "payments/callbacks/wechatpay/",
        api.WeChatPayCallbackView.as_view(),
        name="payment_callback_wechatpay",
    ),
]
