"""Addresses of payouts."""

from rest_framework.routers import SimpleRouter

from payouts.api import PayoutStatementViewSet

app_name = "payouts"
urlpatterns = []

router = SimpleRouter()
router.register("payout-statements", PayoutStatementViewSet, basename="payout-statement")
api_urlpatterns = router.urls
