"""What lists of goods may be filtered and ordered by; everything else is refused or ignored."""

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework.request import Request

from common.drf import MarketPagination
from shops.models import Product
from shops.selectors import search
from shops.serializers import LARGEST_ID

ID_DIGITS = 18
ORDERINGS = {
    "newest": ("-pk",),
    "created_at": ("pk",),
    "-created_at": ("-pk",),
    "price_fen": ("price_fen", "-pk"),
    "-price_fen": ("-price_fen", "-pk"),
}


class ProductFilter(filters.FilterSet):
    """`?search=&category=&village=&shop=&min_fen=&max_fen=&in_stock=&ordering=` (api.md)."""

    search = filters.CharFilter(method="keep_found", label="words in title, farmer, village or shop")
    category = filters.CharFilter(method="keep_category", label="id or slug")
    village = filters.NumberFilter(max_value=LARGEST_ID, min_value=0, decimal_places=0)
    shop = filters.NumberFilter(max_value=LARGEST_ID, min_value=0, decimal_places=0)
    min_fen = filters.NumberFilter(
        field_name="price_fen", lookup_expr="gte", min_value=0, max_value=LARGEST_ID, decimal_places=0
    )
    max_fen = filters.NumberFilter(
        field_name="price_fen", lookup_expr="lte", min_value=0, max_value=LARGEST_ID, decimal_places=0
    )
    in_stock = filters.BooleanFilter(method="keep_in_stock")
    ordering = filters.ChoiceFilter(choices=[(name, name) for name in ORDERINGS], method="keep_all")

    class Meta:
        model = Product
        fields: list[str] = []

    def keep_found(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Keep products in which every word occurs."""
        return search(queryset, value)

    def keep_category(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Keep one shelf, named by id or slug."""
        is_id = value.isdecimal() and len(value) <= ID_DIGITS
        by_id = Q(category=int(value)) if is_id else Q(pk=None)
        return queryset.filter(by_id | Q(category__slug=value))

    def keep_in_stock(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        """Keep what can, or cannot, be bought now."""
        return queryset.filter(available__gt=0) if value else queryset.filter(available=0)

    def keep_all(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Leave the order to the pagination, which needs it for its cursor."""
        return queryset


class ProductPagination(MarketPagination):
    """Cursor over one of the allowed orderings."""

    def get_ordering(self, request: Request, queryset: QuerySet, view) -> tuple[str, ...]:
        """Return the ordering asked for, newest first by default."""
        return ORDERINGS.get(request.query_params.get("ordering", ""), ORDERINGS["newest"])


class ShelfPagination(MarketPagination):
    """Cursor over the order of the shelves."""

    ordering = ("position", "pk")


class OldestFirstPagination(MarketPagination):
    """Cursor over the order of arrival."""

    ordering = "pk"
