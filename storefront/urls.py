"""Addresses of storefront."""

from django.urls import path

from storefront.views import (
    calendar,
    cart,
    catalogue,
    checkout,
    home,
    live,
    me,
    orders,
    paying,
    replays,
    shop,
)

app_name = "storefront"
urlpatterns = [
    path("", home.home, name="home"),
    path("products/", catalogue.products, name="products"),
    path("products/<int:product_id>/", catalogue.product, name="product"),
    path("shops/<int:shop_id>/", shop.shop, name="shop"),
    path("cart/", cart.cart, name="cart"),
    path("cart/add/", cart.cart_add, name="cart_add"),
    path("cart/chosen/", cart.cart_chosen, name="cart_chosen"),
    path("cart/lines/<int:line_id>/", cart.cart_line, name="cart_line"),
    path("cart/lines/<int:line_id>/remove/", cart.cart_remove, name="cart_remove"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("checkout/<int:group_id>/", paying.pay, name="pay"),
    path("checkout/<int:group_id>/pay/", paying.pay_start, name="pay_start"),
    path("checkout/<int:group_id>/wechat/", paying.pay_wechat, name="pay_wechat"),
    path("checkout/payments/<int:payment_id>/", paying.pay_go, name="pay_go"),
    path("checkout/return/<int:payment_id>/", paying.payment_return, name="payment_return"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<slug:number>/", orders.order, name="order"),
    path("orders/<slug:number>/cancel/", orders.order_cancel, name="order_cancel"),
    path("orders/<slug:number>/receive/", orders.order_receive, name="order_receive"),
    path("me/", me.me, name="me"),
    path("me/addresses/", me.addresses, name="addresses"),
    path("me/addresses/new/", me.address_new, name="address_new"),
    path("me/addresses/<int:address_id>/", me.address_edit, name="address_edit"),
    path("me/addresses/<int:address_id>/delete/", me.address_delete, name="address_delete"),
    path("inbox/", me.inbox, name="inbox"),
    path("inbox/read/", me.inbox_read, name="inbox_read"),
    path("inbox/<int:notification_id>/open/", me.inbox_open, name="inbox_open"),
    path("live/", live.live_list, name="live"),
    path("live/calendar/", calendar.calendar, name="calendar"),
    path("live/calendar.ics", calendar.feed, name="calendar_feed"),
    path("live/<int:session_id>/calendar.ics", calendar.session_ics, name="session_ics"),
    path("live/<int:session_id>/remind/", calendar.remind, name="remind"),
    path("live/<int:session_id>/share.jpg", calendar.share_card, name="share_card"),
    path("live/<int:session_id>/poster.jpg", calendar.share_poster, name="share_poster"),
    path("live/<int:session_id>/", live.room, name="room"),
    path("clips/<int:clip_id>/", replays.clip, name="clip"),
    path("videos/", live.videos, name="videos"),
]
api_urlpatterns = []
