"""Doors of invoices in the API."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from common.parsing import MarketMultiPartParser
from orders import invoice_shapes as shapes
from orders.invoice_document import document_answer
from orders.models import Invoice
from orders.selectors.invoicing import get_invoice, list_invoices
from orders.services import invoicing


class InvoicesView(ListAPIView):
    """Invoices of the person's purchases, and of the shops the person works in."""

    serializer_class = shapes.InvoiceSerializer
    queryset = Invoice.objects.none()
    filter_backends = []

    def get_queryset(self) -> QuerySet:
        """Start from the person's scope."""
        if getattr(self, "swagger_fake_view", False):
            return Invoice.objects.none()
        return list_invoices(user=self.request.user)


class RequestInvoiceView(APIView):
    """Asking for an invoice."""

    @extend_schema(
        operation_id="invoices_create",
        request=shapes.RequestInvoiceSerializer,
        responses={201: shapes.InvoiceSerializer},
    )
    def post(self, request: Request, number: str) -> Response:
        """Ask for an invoice for an own order."""
        wish = validated(shapes.RequestInvoiceSerializer, request)
        invoice = invoicing.request_invoice(buyer=request.user, number=number, now=utc_now(), **wish)
        return _answer(request, invoice.pk, 201)


class InvoiceView(APIView):
    """One invoice, for its buyer or its shop."""

    @extend_schema(operation_id="invoices_retrieve", responses=shapes.InvoiceSerializer)
    def get(self, request: Request, invoice_id: int) -> Response:
        """Return it; 404 for a stranger."""
        return _answer(request, invoice_id)


class RefuseInvoiceView(APIView):
    """No invoice."""

    @extend_schema(
        operation_id="invoices_refuse",
        request=shapes.RefuseInvoiceSerializer,
        responses=shapes.InvoiceSerializer,
    )
    def post(self, request: Request, invoice_id: int) -> Response:
        """Say why there is none, as a member of the shop."""
        return _move(request, invoice_id, invoicing.refuse_invoice, shapes.RefuseInvoiceSerializer)


class IssueInvoiceView(APIView):
    """The document."""

    parser_classes = [MarketMultiPartParser]
    throttle_scope = "upload"

    @extend_schema(
        operation_id="invoices_issue",
        request={"multipart/form-data": shapes.IssueInvoiceSerializer},
        responses=shapes.InvoiceSerializer,
    )
    def post(self, request: Request, invoice_id: int) -> Response:
        """Hand it over as a member of the shop."""
        return _move(request, invoice_id, invoicing.issue_invoice, shapes.IssueInvoiceSerializer)


class ReverseInvoiceView(APIView):
    """A red invoice."""

    @extend_schema(
        operation_id="invoices_reverse",
        request=shapes.ReverseInvoiceSerializer,
        responses=shapes.InvoiceSerializer,
    )
    def post(self, request: Request, invoice_id: int) -> Response:
        """Note it as a member of the shop; where some money is left, an invoice for the rest is asked for."""
        return _move(request, invoice_id, invoicing.reverse_invoice, shapes.ReverseInvoiceSerializer)


class InvoiceDocumentView(APIView):
    """The PDF."""

    @extend_schema(
        operation_id="invoices_document",
        responses={(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, invoice_id: int) -> FileResponse:
        """Return the document to its buyer, its shop or an operator (audited); 404 for others."""
        invoice = invoicing.open_document(user=request.user, invoice_id=invoice_id, now=utc_now())
        return document_answer(invoice)


def _move(request: Request, invoice_id: int, service: Callable[..., Any], shape: type) -> Response:
    service(actor=request.user, invoice_id=invoice_id, now=utc_now(), **validated(shape, request))
    return _answer(request, invoice_id)


def _answer(request: Request, invoice_id: int, status: int = 200) -> Response:
    invoice = get_invoice(user=request.user, invoice_id=invoice_id)
    return Response(shapes.InvoiceSerializer(invoice).data, status=status)
