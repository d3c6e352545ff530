"""The rundown of a session and what is shown now (api.md)."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.drf import validated
from livestreams import selectors
from livestreams.models import LiveSession
from livestreams.serializers import rundown as serializers
from livestreams.services import copying, presenting, rundown
from livestreams.statuses import ON_AIR


def _offer(data: dict) -> rundown.Offer:
    return rundown.Offer(
        data["variant"], data["live_price_fen"], data["quota"], data["per_buyer_limit"],
        data["host_commission_bp"],
    )  # fmt: skip


class Rundown(APIView):
    """What the show shows."""

    permission_classes = [IsAuthenticatedOrReadOnly]

    def _answer(self, session: LiveSession, code: int = 200) -> Response:
        is_on_air = session.status in ON_AIR
        items = [selectors.item_data(item, is_on_air=is_on_air) for item in selectors.rundown_of(session)]
        return Response(serializers.RundownItemSerializer(items, many=True).data, code)

    @extend_schema(responses=serializers.RundownItemSerializer(many=True), operation_id="rundown_list")
    def get(self, request: Request, session_id: int) -> Response:
        """Return the items in order."""
        return self._answer(selectors.get_session_for(request.user, session_id))

    @extend_schema(
        request=serializers.RundownInputSerializer,
        responses={201: serializers.RundownItemSerializer(many=True)},
        operation_id="rundown_add",
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Add one of the goods, or `items` of them, all or none.

        409 `not_authorized`, `below_floor_price`, `commission_too_high` when a farmer does not allow it: the
        words tell the farmer's terms, `fields` the place (`items.3.live_price_fen`).
        """
        data = validated(serializers.RundownInputSerializer, request)
        if "items" in data:
            rundown.add_items(
                actor=request.user, session_id=session_id, offers=[_offer(one) for one in data["items"]],
                now=utc_now(),
            )  # fmt: skip
        else:
            rundown.add_item(
                actor=request.user, session_id=session_id, variant_id=data["variant"],
                live_price_fen=data["live_price_fen"], quota=data["quota"],
                per_buyer_limit=data["per_buyer_limit"], host_commission_bp=data["host_commission_bp"],
                now=utc_now(),
            )  # fmt: skip
        return self._answer(selectors.get_presented_session(request.user, session_id), 201)

    @extend_schema(
        request=serializers.RundownOrderSerializer,
        responses=serializers.RundownItemSerializer(many=True),
        operation_id="rundown_order",
    )
    def patch(self, request: Request, session_id: int) -> Response:
        """Put the items in another order; 409 `rundown_changed` when goods came or went meanwhile."""
        data = validated(serializers.RundownOrderSerializer, request)
        rundown.order_items(actor=request.user, session_id=session_id, item_ids=data["order"], now=utc_now())
        return self._answer(selectors.get_presented_session(request.user, session_id))


class RundownCopy(APIView):
    """Take over what an earlier show has shown."""

    @extend_schema(
        request=serializers.RundownCopySerializer,
        responses={201: serializers.RundownCopiedSerializer},
        operation_id="rundown_copy",
    )
    def post(self, request: Request, session_id: int) -> Response:
        """Add the goods of another show of the same shop, as far as they may be sold now."""
        data = validated(serializers.RundownCopySerializer, request)
        copied = copying.copy_rundown(
            actor=request.user, session_id=session_id, from_id=data["session"], now=utc_now()
        )
        session = selectors.get_presented_session(request.user, session_id)
        items = [selectors.item_data(item) for item in selectors.rundown_of(session)]
        answer = {"items": items, "left_out": copied.left_out}
        return Response(serializers.RundownCopiedSerializer(answer).data, status.HTTP_201_CREATED)


class RundownItemDetail(APIView):
    """One item of the rundown."""

    @extend_schema(
        request=serializers.RundownChangeSerializer,
        responses=serializers.RundownItemSerializer,
        operation_id="rundown_item_change",
    )
    def patch(self, request: Request, session_id: int, item_id: int) -> Response:
        """Change live price, quota, limit or commission; refused as adding is."""
        data = validated(serializers.RundownChangeSerializer, request)
        rundown.change_item(
            actor=request.user, session_id=session_id, change=rundown.Change(item_id, data), now=utc_now()
        )
        session = selectors.get_presented_session(request.user, session_id)
        item = next(item for item in selectors.rundown_of(session) if item.pk == item_id)
        return Response(serializers.RundownItemSerializer(selectors.item_data(item)).data)

    @extend_schema(request=None, responses={204: None}, operation_id="rundown_item_remove")
    def delete(self, request: Request, session_id: int, item_id: int) -> Response:
        """Take an item out that was not shown yet."""
        rundown.remove_item(actor=request.user, session_id=session_id, item_id=item_id, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Pin(APIView):
    """What is shown now."""

    @extend_schema(request=serializers.PinInputSerializer, responses=serializers.PinAnswerSerializer)
    def post(self, request: Request, session_id: int) -> Response:
        """Show an item, or none."""
        data = validated(serializers.PinInputSerializer, request)
        pin = presenting.pin_item(
            actor=request.user, session_id=session_id, item_id=data["rundown_item"], now=utc_now()
        )
        pinned = selectors.pin_data(pin) if pin is not None else None
        return Response(serializers.PinAnswerSerializer({"pinned": pinned}).data)
