"""Addresses of payments."""

from django.urls import path

from payments import api

app_name = "payments"
urlpatterns = []
api_urlpatterns = [
    path("order-groups/<int:group_id>/pay/", api.PayView.as_view(), name="order_group_pay"),
    path("orders/<slug:number>/cash/", api.CashView.as_view(), name="order_cash"),
    path("orders/<slug:number>/refused/", api.RefusedParcelView.as_view(), name="order_refused"),
    path("payments/<int:payment_id>/", api.PaymentView.as_view(), name="payment"),
    path("payments/callbacks/sandbox/", api.SandboxCallbackView.as_view(), name="payment_callback_sandbox"),
    path("payments/callbacks/alipay/", api.AlipayCallbackView.as_view(), name="payment_callback_alipay"),
    path(
        "payments/callbacks/wechatpay/",
        api.WeChatPayCallbackView.as_view(),
        name="payment_callback_wechatpay",
    ),
]
