"""Addresses of storefront."""

from django.urls import path

from storefront.views import catalogue, home, me, shop

app_name = "storefront"
urlpatterns = [
    path("", home.home, name="home"),
    path("products/", catalogue.products, name="products"),
    path("products/<int:product_id>/", catalogue.product, name="product"),
    path("shops/<int:shop_id>/", shop.shop, name="shop"),
    path("me/", me.me, name="me"),
    path("me/addresses/", me.addresses, name="addresses"),
    path("me/addresses/new/", me.address_new, name="address_new"),
    path("me/addresses/<int:address_id>/", me.address_edit, name="address_edit"),
    path("me/addresses/<int:address_id>/delete/", me.address_delete, name="address_delete"),
    path("inbox/", me.inbox, name="inbox"),
    path("inbox/read/", me.inbox_read, name="inbox_read"),
    path("inbox/<int:notification_id>/open/", me.inbox_open, name="inbox_open"),
]
api_urlpatterns = []
