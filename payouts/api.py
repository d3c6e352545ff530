"""Statements over the API: a farmer, host or shop owner reads their own (api.md)."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import utc_now
from common.drf import MarketPagination, validated
from payouts.models import PayoutStatement
from payouts.selectors.statements import gifts_of, list_lines, list_visible_statements
from payouts.selectors.taking import get_taking
from payouts.serializers import (
    PayoutStatementSerializer,
    QuestionSerializer,
    StatementLineSerializer,
    TakingSerializer,
)
from payouts.services.questioning import accept_statement, question_statement


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

    @extend_schema(request=QuestionSerializer, responses={201: PayoutStatementSerializer})
    @action(detail=True, methods=["post"])
    def question(self, request: Request, pk: str) -> Response:
        """Say what is not right; the payout waits until an operator has answered."""
        data = validated(QuestionSerializer, request)
        question_statement(actor=request.user, statement_id=int(pk), text=data["text"], now=utc_now())
        return Response(PayoutStatementSerializer(self.get_object()).data, status=201)

    @extend_schema(request=None, responses=PayoutStatementSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Agree with the tally; repeating it changes nothing."""
        accept_statement(actor=request.user, statement_id=int(pk), now=utc_now())
        return Response(PayoutStatementSerializer(self.get_object()).data)

    @extend_schema(responses=TakingSerializer)
    @action(detail=True, pagination_class=None)
    def taking(self, request: Request, pk: str) -> Response:
        """Return what WeChat's page needs to let the payee take money that waits; 404 where none does."""
        taking = get_taking(user=request.user, statement_id=int(pk))
        return Response(TakingSerializer(taking).data)

    @extend_schema(responses=StatementLineSerializer(many=True))
    @action(detail=True, serializer_class=StatementLineSerializer, pagination_class=LinePagination)
    def lines(self, request: Request, pk: str) -> Response:
        """Return the lines of one statement."""
        statement = self.get_object()
        page = self.paginate_queryset(list_lines(statement=statement))
        context = self.get_serializer_context() | {"gifts": gifts_of(page)}
        return self.get_paginated_response(StatementLineSerializer(page, many=True, context=context).data)
