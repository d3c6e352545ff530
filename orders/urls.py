"""Addresses of orders."""

from django.urls import path

from orders import api

app_name = "orders"
urlpatterns = []
api_urlpatterns = [
    path("cart/lines/", api.CartLinesView.as_view(), name="cart_lines"),
    path("cart/lines/<int:line_id>/", api.CartLineView.as_view(), name="cart_line"),
    path("orders/", api.OrdersView.as_view(), name="orders"),
    path("orders/<slug:number>/", api.OrderView.as_view(), name="order"),
    path("orders/<slug:number>/cancel/", api.CancelOrderView.as_view(), name="order_cancel"),
    path("orders/<slug:number>/ship/", api.ShipOrderView.as_view(), name="order_ship"),
    path("orders/<slug:number>/receive/", api.ReceiveOrderView.as_view(), name="order_receive"),
]
