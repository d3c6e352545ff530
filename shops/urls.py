"""Addresses of shops."""

from django.urls import path

from shops.api import freight, goods

app_name = "shops"
urlpatterns = []
api_urlpatterns = [
    path("categories/", goods.CategoryList.as_view(), name="categories"),
    path("villages/", goods.VillageList.as_view(), name="villages"),
    path("shops/", goods.ShopList.as_view(), name="shops"),
    path("shops/<int:pk>/", goods.ShopDetail.as_view(), name="shop"),
    path("farmers/", goods.FarmerList.as_view(), name="farmers"),
    path("farmers/<int:pk>/", goods.FarmerDetail.as_view(), name="farmer"),
    path("farmers/<int:pk>/authorizations/", goods.AuthorizationList.as_view(), name="authorizations"),
    path(
        "farmers/<int:pk>/authorizations/<int:authorization_pk>/revoke/",
        goods.AuthorizationRevoke.as_view(),
        name="authorization-revoke",
    ),
    path("photos/", goods.PhotoList.as_view(), name="photos"),
    path("photos/<int:pk>/", goods.PhotoDetail.as_view(), name="photo"),
    path("products/", goods.ProductList.as_view(), name="products"),
    path("products/<int:pk>/", goods.ProductDetail.as_view(), name="product"),
    path("products/<int:pk>/photos/", goods.ProductPhotos.as_view(), name="product-photos"),
    path("products/<int:pk>/publish/", goods.ProductPublish.as_view(), name="product-publish"),
    path("products/<int:pk>/archive/", goods.ProductArchive.as_view(), name="product-archive"),
    path("freight-templates/", freight.FreightTemplateList.as_view(), name="freight-templates"),
    path("freight-templates/<int:pk>/", freight.FreightTemplateDetail.as_view(), name="freight-template"),
    path("lots/", goods.LotList.as_view(), name="lots"),
]
