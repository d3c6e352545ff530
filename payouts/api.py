"""Statements over the API: a farmer, host or shop owner reads their own (api.md)."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.drf import MarketPagination
from payouts.models import PayoutStatement
from payouts.selectors.statements import list_lines, list_visible_statements
from payouts.serializers import PayoutStatementSerializer, StatementLineSerializer


class LinePagination(MarketPagination):
    """Lines are read from the first on."""

    ordering = "pk"


class PayoutStatementViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The tallies of the person, and of farmers whose tallies the person's shop prints."""

    queryset = PayoutStatement.objects.none()
    serializer_class = PayoutStatementSerializer
    lookup_value_regex = r"\d{1,18}"
    filter_backends = []

    def get_queryset(self) -> QuerySet:
        """Return what the person may see."""
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return list_visible_statements(user=self.request.user)

    @extend_schema(responses=StatementLineSerializer(many=True))
    @action(detail=True, serializer_class=StatementLineSerializer, pagination_class=LinePagination)
    def lines(self, request: Request, pk: str) -> Response:
        """Return the lines of one statement."""
        statement = self.get_object()
        page = self.paginate_queryset(list_lines(statement=statement))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
