"""Addresses of shops."""

from django.urls import path

from shops import api

app_name = "shops"
urlpatterns = []
api_urlpatterns = [
    path("categories/", api.CategoryList.as_view(), name="categories"),
    path("villages/", api.VillageList.as_view(), name="villages"),
    path("shops/", api.ShopList.as_view(), name="shops"),
    path("shops/<int:pk>/", api.ShopDetail.as_view(), name="shop"),
    path("farmers/", api.FarmerList.as_view(), name="farmers"),
    path("farmers/<int:pk>/", api.FarmerDetail.as_view(), name="farmer"),
    path("farmers/<int:pk>/authorizations/", api.AuthorizationList.as_view(), name="authorizations"),
    path(
        "farmers/<int:pk>/authorizations/<int:authorization_pk>/revoke/",
        api.AuthorizationRevoke.as_view(),
        name="authorization-revoke",
    ),
    path("photos/", api.PhotoList.as_view(), name="photos"),
    path("photos/<int:pk>/", api.PhotoDetail.as_view(), name="photo"),
    path("products/", api.ProductList.as_view(), name="products"),
    path("products/<int:pk>/", api.ProductDetail.as_view(), name="product"),
    path("products/<int:pk>/photos/", api.ProductPhotos.as_view(), name="product-photos"),
    path("products/<int:pk>/publish/", api.ProductPublish.as_view(), name="product-publish"),
    path("products/<int:pk>/archive/", api.ProductArchive.as_view(), name="product-archive"),
    path("lots/", api.LotList.as_view(), name="lots"),
]
