"""The goods part of the REST contract (api.md): shelves, places, shops, farmers, products, photos, lots."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics, permissions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.clock import utc_now
from common.errors import NotAllowed, NotFound
from common.idempotency import parse_key
from common.parsing import MarketMultiPartParser
from shops import selectors
from shops.filters import OldestFirstPagination, ProductFilter, ProductPagination, ShelfPagination
from shops.models import (
    Farmer,
    FarmerAuthorization,
    FreightTemplate,
    Host,
    Lot,
    Photo,
    Product,
    Shop,
    Variant,
)
from shops.permissions import ReadsOrSignedIn
from shops.serializers import (
    AuthorizationSerializer,
    AuthorizationWriteSerializer,
    CategorySerializer,
    FarmerAddSerializer,
    FarmerEditSerializer,
    FarmerSerializer,
    LotSerializer,
    LotWriteSerializer,
    PhotoSerializer,
    PhotoUploadSerializer,
    ProductSerializer,
    ProductWriteSerializer,
    ShopSerializer,
    VillageSerializer,
)
from shops.services import listing, people, pooling, stock


def chosen_shop(request: Request, shop_id: int | None) -> Shop:
    """Return the named shop of the person, else their first; NotFound, NotAllowed for people without one."""
    if shop_id is not None:
        return selectors.get_shop_for(user=request.user, shop_id=shop_id)
    shop = selectors.shops_of(request.user).first()
    if shop is None:
        raise NotAllowed()
    return shop


def found(queryset, pk: int | None):
    """Return the row of that id in a scope, None for no id; NotFound otherwise."""
    if pk is None:
        return None
    row = queryset.filter(pk=pk).first()
    if row is None:
        raise NotFound()
    return row


class CategoryList(generics.ListAPIView):
    """The shelves of the market."""

    permission_classes = [permissions.AllowAny]
    serializer_class = CategorySerializer
    pagination_class = ShelfPagination
    queryset = selectors.list_categories()


class VillageList(generics.ListAPIView):
    """The villages."""

    permission_classes = [permissions.AllowAny]
    serializer_class = VillageSerializer
    pagination_class = OldestFirstPagination
    queryset = selectors.list_villages()


class ShopList(generics.ListAPIView):
    """Open shops; members also see their own."""

    permission_classes = [permissions.AllowAny]
    serializer_class = ShopSerializer
    queryset = Shop.objects.none()

    def get_queryset(self):
        """Return what the person may see."""
        return selectors.visible_shops(self.request.user)


class ShopDetail(generics.RetrieveAPIView):
    """One shop."""

    permission_classes = [permissions.AllowAny]
    serializer_class = ShopSerializer
    queryset = Shop.objects.none()

    def get_queryset(self):
        """Return what the person may see."""
        return selectors.visible_shops(self.request.user)


class FarmerList(generics.ListAPIView):
    """Farmers whose goods the person may sell."""

    serializer_class = FarmerSerializer
    pagination_class = OldestFirstPagination
    queryset = Farmer.objects.none()

    def get_queryset(self):
        """Return the person's farmers."""
        return selectors.farmers_of(self.request.user)

    @extend_schema(request=FarmerAddSerializer, responses={201: FarmerSerializer})
    def post(self, request: Request) -> Response:
        """Write down a farmer and the terms agreed with them."""
        serializer = FarmerAddSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        shop = chosen_shop(request, data.pop("shop", None))
        data["portrait"] = found(selectors.showable_photos(request.user), data.pop("portrait", None))
        farmer = people.add_farmer(actor=request.user, shop=shop, now=utc_now(), **data)
        return Response(FarmerSerializer(farmer).data, status.HTTP_201_CREATED)


class FarmerDetail(generics.RetrieveAPIView):
    """One farmer of the person's."""

    serializer_class = FarmerSerializer
    queryset = Farmer.objects.none()

    def get_queryset(self):
        """Return the person's farmers."""
        return selectors.farmers_of(self.request.user)

    @extend_schema(request=FarmerEditSerializer(partial=True), responses=FarmerSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Correct what is written about a farmer."""
        farmer = self.get_object()
        serializer = FarmerEditSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        portrait = farmer.portrait
        if "portrait" in given:
            portrait = found(selectors.showable_photos(request.user), given["portrait"])
        farmer = people.update_farmer(
            actor=request.user,
            farmer=farmer,
            name=given.get("name", farmer.name),
            village=given.get("village", farmer.village),
            phone=given.get("phone", farmer.contact.phone),
            story=given.get("story", farmer.story),
            portrait=portrait,
            public_name=given.get("public_name"),
            now=utc_now(),
        )
        return Response(FarmerSerializer(farmer).data)


class AuthorizationList(generics.ListAPIView):
    """A farmer's consents, newest first, past ones included."""

    serializer_class = AuthorizationSerializer
    queryset = FarmerAuthorization.objects.none()

    def get_queryset(self):
        """Return the consents of the person's farmer."""
        farmer = found(selectors.farmers_of(self.request.user), self.kwargs["pk"])
        return FarmerAuthorization.objects.filter(farmer=farmer)

    @extend_schema(request=AuthorizationWriteSerializer, responses={201: AuthorizationSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Write down new terms for a shop or a host."""
        farmer = found(selectors.farmers_of(request.user), pk)
        serializer = AuthorizationWriteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        data["shop"] = found(selectors.shops_of(request.user), data.pop("shop", None))
        data["host"] = found(Host.objects.all(), data.pop("host", None))
        authorization = people.authorize(actor=request.user, farmer=farmer, now=utc_now(), **data)
        return Response(AuthorizationSerializer(authorization).data, status.HTTP_201_CREATED)


class AuthorizationRevoke(APIView):
    """The end of a consent."""

    @extend_schema(request=None, responses=AuthorizationSerializer)
    def post(self, request: Request, pk: int, authorization_pk: int) -> Response:
        """End a consent from now on."""
        farmer = found(selectors.farmers_of(request.user), pk)
        authorization = found(farmer.authorizations.all(), authorization_pk)
        authorization = people.revoke(actor=request.user, authorization=authorization, now=utc_now())
        return Response(AuthorizationSerializer(authorization).data)


class ProductList(generics.ListAPIView):
    """Published products; members also see their own in any state."""

    permission_classes = [ReadsOrSignedIn]
    serializer_class = ProductSerializer
    filterset_class = ProductFilter
    pagination_class = ProductPagination
    queryset = Product.objects.none()

    def get_queryset(self):
        """Return what the person may see."""
        return selectors.visible_products(self.request.user)

    @extend_schema(request=ProductWriteSerializer, responses={201: ProductSerializer})
    def post(self, request: Request) -> Response:
        """Write a new draft."""
        serializer = ProductWriteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        shop = chosen_shop(request, serializer.validated_data.get("shop"))
        return Response(_save(request, shop, serializer.validated_data, None), status.HTTP_201_CREATED)


class ProductDetail(generics.RetrieveAPIView):
    """One product."""

    permission_classes = [ReadsOrSignedIn]
    serializer_class = ProductSerializer
    queryset = Product.objects.none()

    def get_queryset(self):
        """Return what the person may see."""
        return selectors.visible_products(self.request.user)

    @extend_schema(request=ProductWriteSerializer(partial=True), responses=ProductSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a listing; a given list of variants or photos replaces the old one."""
        product = selectors.get_own_product(user=request.user, product_id=pk)
        serializer = ProductWriteSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return Response(_save(request, product.shop, serializer.validated_data, product))


def _save(request: Request, shop: Shop, given: dict, product: Product | None) -> dict:
    farmer = product.farmer if product else None
    if "farmer" in given:
        farmer = found(selectors.farmers_of_shop(shop), given["farmer"])
    template = product.freight_template if product else None
    if "freight_template" in given:
        template = found(FreightTemplate.objects.filter(shop=shop), given["freight_template"])
    variants = None
    if "variants" in given:
        variants = [
            listing.VariantData(
                pk=variant.get("id"),
                name=variant["name"],
                price_fen=variant["price_fen"],
                stock=variant.get("stock"),
                weight_g=variant.get("weight_g"),
            )
            for variant in given["variants"]
        ]
    data = listing.ListingData(
        title=given.get("title", product.title if product else ""),
        description=given.get("description", product.description if product else ""),
        category=given.get("category") or product.category,
        village=given.get("village") or product.village,
        farmer=farmer,
        variants=variants,
        photo_ids=given.get("photos"),
        freight_template=template,
    )
    product = listing.save_product(actor=request.user, shop=shop, data=data, product=product, now=utc_now())
    return _shown(request, product)


def _shown(request: Request, product: Product) -> dict:
    return ProductSerializer(selectors.get_own_product(user=request.user, product_id=product.pk)).data


class ProductPhotos(APIView):
    """The photos of one product."""

    parser_classes = [MarketMultiPartParser]
    throttle_scope = "upload"

    @extend_schema(request={"multipart/form-data": PhotoUploadSerializer}, responses={201: PhotoSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Add a photo; a worker makes it ready."""
        product = selectors.get_own_product(user=request.user, product_id=pk)
        return _receive_photo(request, product)


class PhotoList(APIView):
    """Photos that belong to nothing yet."""

    parser_classes = [MarketMultiPartParser]
    throttle_scope = "upload"

    @extend_schema(request={"multipart/form-data": PhotoUploadSerializer}, responses={201: PhotoSerializer})
    def post(self, request: Request) -> Response:
        """Send a photo before its product, farmer or session is written down."""
        return _receive_photo(request, None)


class PhotoDetail(generics.RetrieveAPIView):
    """One photo of the person's: is it ready?"""

    serializer_class = PhotoSerializer
    queryset = Photo.objects.none()

    def get_queryset(self):
        """Return the person's photos."""
        return selectors.own_photos(self.request.user)


def _receive_photo(request: Request, product: Product | None) -> Response:
    serializer = PhotoUploadSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    photo = listing.add_photo(
        actor=request.user,
        product=product,
        file=serializer.validated_data["file"],
        is_private=serializer.validated_data["private"],
        now=utc_now(),
    )
    return Response(PhotoSerializer(photo).data, status.HTTP_201_CREATED)


class ProductPublish(APIView):
    """Putting a product on sale."""

    @extend_schema(request=None, responses=ProductSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Put it on sale, at once or as soon as its photo is ready (`in_review`)."""
        product = selectors.get_own_product(user=request.user, product_id=pk)
        listing.publish_product(actor=request.user, product=product, now=utc_now())
        return Response(_shown(request, product))


class ProductArchive(APIView):
    """Taking a product off sale."""

    @extend_schema(request=None, responses=ProductSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Take it off sale; orders are not touched."""
        product = selectors.get_own_product(user=request.user, product_id=pk)
        listing.archive_product(actor=request.user, product=product, now=utc_now())
        return Response(_shown(request, product))


class LotList(generics.ListAPIView):
    """What farmers brought to the person's shops."""

    serializer_class = LotSerializer
    queryset = Lot.objects.none()

    def get_queryset(self):
        """Return the lots of the person's shops."""
        own = selectors.shops_of(self.request.user).values("pk")
        return Lot.objects.filter(shop__in=own).select_related("variant__product")

    @extend_schema(request=LotWriteSerializer, responses={201: LotSerializer})
    def post(self, request: Request) -> Response:
        """Bring in units: they can be sold at once.

        Where many farmers share the stock, a farmer and an Idempotency-Key are needed, and what has no grade
        waits until somebody has looked at it.
        """
        serializer = LotWriteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        own = selectors.shops_of(request.user).values("pk")
        variants = Variant.objects.filter(product__shop__in=own).select_related("product__shop")
        variant = found(variants, data["variant"])
        farmer = found(selectors.farmers_of_shop(variant.product.shop), data.get("farmer"))
        if variant.allocation_policies.exists():
            names = ("quantity", "weight_g", "grade", "harvested_on", "place")
            lot = pooling.deliver_lot(
                actor=request.user,
                variant=variant,
                farmer=farmer or found(Farmer.objects.none(), 0),
                delivery=pooling.Delivery(**{name: data[name] for name in names}, photo_id=data["photo"]),
                idempotency_key=parse_key(request.headers.get("Idempotency-Key")),
                now=utc_now(),
            )
            return Response(LotSerializer(lot).data, status.HTTP_201_CREATED)
        lot = stock.receive_units(
            variant=variant,
            quantity=data["quantity"],
            farmer=farmer,
            harvested_on=data.get("harvested_on"),
            actor=request.user,
            now=utc_now(),
        )
        return Response(LotSerializer(lot).data, status.HTTP_201_CREATED)
