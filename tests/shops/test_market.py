"""The shared people and goods of the tests agree with each other."""

from django.db.models import Sum

from shops.models import StockMovement, VariantStock


def test_market_stock_is_explained_by_movements(market, tashi):
    stock = VariantStock.objects.get(pk=market.variant.pk)

    assert stock.available == 100
    assert StockMovement.objects.filter(variant=market.variant).aggregate(sum=Sum("quantity"))["sum"] == 100
    assert market.product.farmer == tashi
    assert market.host_authorization.host_commission_bp == 500
