"""Shapes of goods and people in the API (api.md). Phones are masked; money is fen."""

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.masking import mask_phone
from shops.models import (
    Category,
    Farmer,
    FarmerAuthorization,
    FreightTemplate,
    FreightZone,
    Lot,
    Photo,
    Product,
    Shop,
    Variant,
    Village,
)
from shops.models.freight import FREIGHT_MAX_FEN
from shops.selectors import photo_url, srcset
from shops.services.freight import UNITS_MAX, ZONES_MAX
from shops.services.listing import PRICE_MAX_FEN, STOCK_MAX, TITLE_MAX, UNIT_MAX
from shops.services.pooling import WEIGHT_MAX_G
from shops.statuses import FreightMeasure

DESCRIPTION_MAX = 5_000
LARGEST_ID = 2**63 - 1


def id_field(**options) -> serializers.IntegerField:
    """Return a field for the id of something whose scope the service checks (rules.md 8)."""
    return serializers.IntegerField(min_value=1, max_value=LARGEST_ID, **options)


def score_field() -> serializers.DecimalField:
    """Make the field of a score: stars to a tenth, null before the first review."""
    return serializers.DecimalField(
        max_digits=2, decimal_places=1, read_only=True, allow_null=True, coerce_to_string=False
    )


class PhotoSerializer(serializers.ModelSerializer):
    """A photo; `url` and `srcset` are empty until `status` is ready."""

    url = serializers.SerializerMethodField()
    srcset = serializers.SerializerMethodField()

    class Meta:
        model = Photo
        fields = ["id", "status", "url", "srcset", "width", "height", "dominant_color", "rejected_reason"]
        read_only_fields = fields

    def get_url(self, photo: Photo) -> str:
        """Return the address of the middle size."""
        return photo_url(photo)

    def get_srcset(self, photo: Photo) -> str:
        """Return all sizes for `srcset`."""
        return srcset(photo)


class PhotoUploadSerializer(serializers.Serializer):
    """A photo from a phone, as multipart."""

    file = serializers.FileField(allow_empty_file=True, max_length=1_000)
    # Evidence and private talk: only those whom it concerns see it, and it is no picture of goods.
    private = serializers.BooleanField(required=False, default=False)


class CategorySerializer(serializers.ModelSerializer):
    """A shelf."""

    class Meta:
        model = Category
        fields = ["id", "slug", "name", "name_en"]


class VillageSerializer(serializers.ModelSerializer):
    """A place."""

    photo = PhotoSerializer(read_only=True)

    class Meta:
        model = Village
        fields = [
            "id",
            "name",
            "name_en",
            "county",
            "region_code",
            "latitude",
            "longitude",
            "altitude_m",
            "is_supported",
            "story",
            "photo",
        ]


class ShopSerializer(serializers.ModelSerializer):
    """A shop as everybody sees it."""

    village_name = serializers.CharField(source="village.name", read_only=True)
    photo = PhotoSerializer(read_only=True)
    score = score_field()

    class Meta:
        model = Shop
        fields = [
            "id",
            "name",
            "village",
            "village_name",
            "about",
            "status",
            "photo",
            "score",
            "review_count",
        ]


class AuthorizationSerializer(serializers.ModelSerializer):
    """Terms on which a shop or host sells a farmer's goods; rates in basis points."""

    class Meta:
        model = FarmerAuthorization
        fields = [
            "id",
            "farmer",
            "shop",
            "host",
            "host_commission_bp",
            "floor_price_bp",
            "status",
            "granted_at",
            "revoked_at",
        ]
        read_only_fields = fields


class AuthorizationWriteSerializer(serializers.Serializer):
    """New terms for one shop or one host."""

    shop = id_field(required=False)
    host = id_field(required=False)
    host_commission_bp = serializers.IntegerField(min_value=0, max_value=5_000, default=0)
    floor_price_bp = serializers.IntegerField(min_value=0, max_value=10_000, default=0)


class FarmerSerializer(serializers.ModelSerializer):
    """A farmer as their shop or host sees them."""

    village_name = serializers.CharField(source="village.name", read_only=True)
    phone = serializers.SerializerMethodField()
    portrait = PhotoSerializer(read_only=True)
    has_account = serializers.SerializerMethodField()
    shown_name = serializers.CharField(read_only=True)

    class Meta:
        model = Farmer
        fields = [
            "id", "name", "public_name", "shown_name", "village", "village_name", "phone", "story",
            "portrait", "has_account",
        ]  # fmt: skip

    def get_phone(self, farmer: Farmer) -> str:
        """Return the number with its middle hidden (rules.md PR9)."""
        return mask_phone(farmer.contact.phone)

    def get_has_account(self, farmer: Farmer) -> bool:
        """Tell whether the farmer signs in."""
        return farmer.user_id is not None


class FarmerWriteSerializer(serializers.Serializer):
    """What a member writes down about a farmer."""

    name = serializers.CharField(max_length=60)
    village = serializers.PrimaryKeyRelatedField(queryset=Village.objects.all())
    phone = serializers.CharField(max_length=30)
    story = serializers.CharField(max_length=DESCRIPTION_MAX, allow_blank=True, default="")
    portrait = id_field(required=False, allow_null=True)


class FarmerEditSerializer(FarmerWriteSerializer):
    """Corrections; `public_name` is how strangers may call the farmer, empty for the given name."""

    public_name = serializers.CharField(max_length=60, allow_blank=True, required=False)


class FarmerAddSerializer(FarmerWriteSerializer):
    """A new farmer with the terms for the shop."""

    shop = id_field(required=False)
    host_commission_bp = serializers.IntegerField(min_value=0, max_value=5_000, default=500)
    floor_price_bp = serializers.IntegerField(min_value=0, max_value=10_000, default=0)


class VariantSerializer(serializers.ModelSerializer):
    """What is bought; `stock` is what is free now."""

    stock = serializers.SerializerMethodField()

    class Meta:
        model = Variant
        fields = ["id", "name", "price_fen", "weight_g", "stock"]

    def get_stock(self, variant: Variant) -> int:
        """Return the free units."""
        return variant.stock.available


class ProductSerializer(serializers.ModelSerializer):
    """A listing with its variants and photos; `price_fen` is the lowest price."""

    price_fen = serializers.IntegerField(read_only=True)
    available = serializers.IntegerField(read_only=True)
    shop_name = serializers.CharField(source="shop.name", read_only=True)
    category_name = serializers.CharField(source="category.name", read_only=True)
    village_name = serializers.CharField(source="village.name", read_only=True)
    farmer_name = serializers.SerializerMethodField()
    photos = PhotoSerializer(many=True, read_only=True)
    variants = VariantSerializer(many=True, read_only=True)
    score = score_field()

    class Meta:
        model = Product
        fields = [
            "id",
            "title",
            "description",
            "status",
            "rejected_reason",
            "price_fen",
            "available",
            "shop",
            "shop_name",
            "category",
            "category_name",
            "village",
            "village_name",
            "farmer",
            "farmer_name",
            "photos",
            "variants",
            "freight_template",
            "score",
            "review_count",
            "created_at",
            "published_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_farmer_name(self, product: Product) -> str | None:
        """Return who grew it."""
        return product.farmer.name if product.farmer else None


class VariantWriteSerializer(serializers.Serializer):
    """A variant to write; `id` names an existing one, `stock` is what is free now."""

    id = id_field(required=False)
    name = serializers.CharField(max_length=UNIT_MAX)
    price_fen = serializers.IntegerField(min_value=1, max_value=PRICE_MAX_FEN)
    stock = serializers.IntegerField(min_value=0, max_value=STOCK_MAX, required=False)
    weight_g = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False, allow_null=True)


class ProductWriteSerializer(serializers.Serializer):
    """A listing to write; `photos` are ids of photos the person sent."""

    shop = id_field(required=False)
    title = serializers.CharField(max_length=TITLE_MAX)
    description = serializers.CharField(max_length=DESCRIPTION_MAX, allow_blank=True, required=False)
    category = serializers.PrimaryKeyRelatedField(queryset=Category.objects.all())
    village = serializers.PrimaryKeyRelatedField(queryset=Village.objects.all())
    farmer = id_field(required=False, allow_null=True)
    variants = serializers.ListField(child=VariantWriteSerializer(), allow_empty=False, max_length=20)
    photos = serializers.ListField(child=id_field(), required=False, max_length=settings.PHOTOS_PER_PRODUCT)
    freight_template = id_field(required=False, allow_null=True)


class LotSerializer(serializers.ModelSerializer):
    """What one farmer brought."""

    product_title = serializers.CharField(source="variant.product.title", read_only=True)

    class Meta:
        model = Lot
        fields = [
            "id",
            "variant",
            "product_title",
            "shop",
            "farmer",
            "code",
            "quantity",
            "taken",
            "lost",
            "status",
            "weight_g",
            "grade",
            "harvested_on",
            "place",
            "declared_at",
        ]
        read_only_fields = fields


class LotWriteSerializer(serializers.Serializer):
    """Units that were brought in."""

    variant = id_field()
    farmer = id_field(required=False, allow_null=True)
    quantity = serializers.IntegerField(min_value=1, max_value=STOCK_MAX)
    harvested_on = serializers.DateField(required=False, allow_null=True, default=None)
    weight_g = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=WEIGHT_MAX_G
    )
    grade = serializers.CharField(required=False, allow_blank=True, default="", max_length=20)
    place = serializers.CharField(required=False, allow_blank=True, default="", max_length=80)
    photo = id_field(required=False, allow_null=True, default=None)


def _units() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=UNITS_MAX, required=False, default=1)


def _fee() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=FREIGHT_MAX_FEN, required=False, default=0)


class FreightZoneWriteSerializer(serializers.Serializer):
    """A fee by region, in grams or pieces; without codes (GB/T 2260) it holds for all other regions."""

    region_codes = serializers.ListField(child=serializers.RegexField(r"^[0-9]{6}$"), max_length=400)
    is_deliverable = serializers.BooleanField(required=False, default=True)
    first_units = _units()
    first_fen = _fee()
    step_units = _units()
    step_fen = _fee()


class FreightTemplateWriteSerializer(serializers.Serializer):
    """A freight template to write."""

    shop = id_field(required=False)
    name = serializers.CharField(max_length=40)
    measure = serializers.ChoiceField(choices=FreightMeasure.choices)
    free_above_fen = serializers.IntegerField(
        min_value=1, max_value=FREIGHT_MAX_FEN, required=False, allow_null=True
    )
    cold_chain_fen = serializers.IntegerField(min_value=0, max_value=FREIGHT_MAX_FEN, required=False)
    is_default = serializers.BooleanField(required=False)
    zones = serializers.ListField(child=FreightZoneWriteSerializer(), allow_empty=False, max_length=ZONES_MAX)


class FreightZoneSerializer(serializers.ModelSerializer):
    """A fee by region."""

    class Meta:
        model = FreightZone
        fields = ["region_codes", "is_deliverable", "first_units", "first_fen", "step_units", "step_fen"]
        read_only_fields = fields


class FreightTemplateSerializer(serializers.ModelSerializer):
    """A freight template; money is fen, weight is grams."""

    zones = FreightZoneSerializer(many=True, read_only=True)

    class Meta:
        model = FreightTemplate
        fields = ["id", "shop", "name", "measure", "free_above_fen", "cold_chain_fen", "is_default", "zones"]
        read_only_fields = fields
