"""Freight templates of the person's shops."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.errors import NotFound
from shops import selectors
from shops.api.goods import chosen_shop
from shops.filters import OldestFirstPagination
from shops.freight import Zone
from shops.models import FreightTemplate, Shop
from shops.serializers import FreightTemplateSerializer, FreightTemplateWriteSerializer
from shops.services.freight import TemplateData, save_template


class FreightTemplateList(generics.ListAPIView):
    """What sending costs, as the person's shops have settled it."""

    serializer_class = FreightTemplateSerializer
    pagination_class = OldestFirstPagination
    queryset = FreightTemplate.objects.none()

    def get_queryset(self):
        """Return the templates of the person's shops."""
        return selectors.freight_templates_of(self.request.user)

    @extend_schema(request=FreightTemplateWriteSerializer, responses={201: FreightTemplateSerializer})
    def post(self, request: Request) -> Response:
        """Write a new template."""
        serializer = FreightTemplateWriteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        shop = chosen_shop(request, serializer.validated_data.get("shop"))
        return Response(_save(request, shop, serializer.validated_data, None), status.HTTP_201_CREATED)


class FreightTemplateDetail(APIView):
    """One freight template."""

    @extend_schema(request=FreightTemplateWriteSerializer(partial=True), responses=FreightTemplateSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change it; a given list of zones replaces the old one, and placed orders keep their freight."""
        template = selectors.freight_templates_of(request.user).filter(pk=pk).first()
        if template is None:
            raise NotFound()
        serializer = FreightTemplateWriteSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(_save(request, template.shop, serializer.validated_data, template))


def _save(request: Request, shop: Shop, given: dict, template: FreightTemplate | None) -> dict:
    names = ("name", "measure", "free_above_fen", "cold_chain_fen", "is_default")
    values = {name: getattr(template, name) for name in names} if template else {}
    values |= {name: given[name] for name in names if name in given}
    zones = list(template.terms.zones) if template else []
    if "zones" in given:
        zones = [
            Zone(codes=tuple(zone["region_codes"]), **{k: v for k, v in zone.items() if k != "region_codes"})
            for zone in given["zones"]
        ]
    saved = save_template(
        actor=request.user,
        shop=shop,
        data=TemplateData(zones=zones, **values),
        now=utc_now(),
        template=template,
    )
    return FreightTemplateSerializer(selectors.freight_templates_of(request.user).get(pk=saved.pk)).data
