"""Addresses of sign-in pages and of the people's part of the API."""

from django.urls import path

from accounts import api, views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/code/", views.ask_code, name="ask_code"),
    path("sign-in/code/check/", views.check_code, name="check_code"),
    path("sign-up/", views.sign_up, name="sign_up"),
    path("sign-out/", views.sign_out, name="sign_out"),
]
api_urlpatterns = [
    path("auth/token/", api.TokenView.as_view(), name="auth_token"),
    path("auth/code/", api.CodeView.as_view(), name="auth_code"),
    path("auth/code/verify/", api.CodeVerifyView.as_view(), name="auth_code_verify"),
    path("auth/logout/", api.LogoutView.as_view(), name="auth_logout"),
    path("regions/", api.RegionList.as_view(), name="regions"),
    path("me/", api.MeView.as_view(), name="me"),
    path("me/addresses/", api.AddressListView.as_view(), name="addresses"),
    path("me/addresses/<int:pk>/", api.AddressView.as_view(), name="address"),
]
