"""The people, villages and shops of the demo. Demo data, not user strings: both languages stand here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoVillage:
    """A made-up village in a real county (`region_code`: GB/T 2260; degrees WGS 84)."""

    key: str
    name: str
    name_en: str
    county: str
    region_code: str
    latitude: str
    longitude: str
    altitude_m: int
    story: str
    is_supported: bool = True


@dataclass(frozen=True)
class DemoPerson:
    """Somebody with an account; `role` is host, shop_owner, buyer, stranger or operator."""

    key: str
    name: str
    role: str
    identifier: str
    password: str
    phone: str | None
    email: str | None
    language: str
    village: str | None
    about: str


@dataclass(frozen=True)
class DemoFarmer:
    """A farmer without an account; `phone` takes SMS only and is None where there is none at all."""

    key: str
    name: str
    name_en: str
    village: str
    phone: str | None
    story: str


@dataclass(frozen=True)
class DemoShop:
    """A shop that sells for the farmers of its villages."""

    key: str
    name: str
    village: str
    owner: str
    about: str
    farmers: tuple[str, ...]


VILLAGES = (
    DemoVillage(
        "yunling",
        "云岭脚村",
        "Yunlingjiao",
        "云南省迪庆藏族自治州德钦县",
        "533422",
        "28.34120",
        "98.87450",
        2860,
        "雪山脚下的三十来户人家，早上推窗就是卡瓦格博的雪。松茸、蜂蜜和核桃养大了一代又一代人。",
    ),
    DemoVillage(
        "qingke",
        "青稞坝村",
        "Qingkeba",
        "四川省甘孜藏族自治州稻城县",
        "513337",
        "29.05610",
        "100.28340",
        3740,
        "三千七百米的河谷坝子，夏天一片青，秋天一片金。家家有青稞地，户户有牦牛。",
    ),
    DemoVillage(
        "songhua",
        "松花坪村",
        "Songhuaping",
        "四川省甘孜藏族自治州雅江县",
        "513325",
        "30.02870",
        "101.03260",
        2930,
        "松林里的村子，雨后满山菌香。坡下的果园和菜地，靠雅砻江的水和高原的太阳。",
    ),
)

DEMO_PEOPLE = (
    DemoPerson(
        "zhuoma",
        "卓玛",
        "host",
        "13800000001",
        "market-zhuoma",
        "13800000001",
        None,
        "zh-hans",
        "yunling",
        "云岭脚村的姑娘，镜头前讲得清每样东西是谁种的、怎么来的。",
    ),
    DemoPerson(
        "mei",
        "梅姐",
        "shop_owner",
        "13800000002",
        "market-mei",
        "13800000002",
        None,
        "zh-hans",
        "songhua",
        "合作社的掌柜，收货、打包、发货都从她手上过。",
    ),
    DemoPerson(
        "arun",
        "阿伦",
        "buyer",
        "13800000003",
        "market-arun",
        "13800000003",
        None,
        "zh-hans",
        None,
        "城里的买家，爱逛直播，也爱问是谁种的。",
    ),
    DemoPerson(
        "zoya",
        "Zoya",
        "stranger",
        "zoya@example.com",
        "market-zoya",
        None,
        "zoya@example.com",
        "en",
        None,
        "Just looking around.",
    ),
    DemoPerson(
        "operator",
        "运营员",
        "operator",
        "operator@example.com",
        "market-operator",
        None,
        "operator@example.com",
        "zh-hans",
        None,
        "审核店铺与结算。",
    ),
    DemoPerson(
        "cashier",
        "出纳员",
        "operator",
        "cashier@example.com",
        "market-cashier",
        None,
        "cashier@example.com",
        "zh-hans",
        None,
        "运营员批准的款，由她付出去：一个人不能又批又付。",
    ),
)

# Where parcels go: recipient, phone, region code (GB/T 2260), region, rest of the address.
DEMO_ADDRESSES = {
    "arun": ("阿伦", "13800000003", "310104", "上海市徐汇区", "梧桐路 88 号 3 栋 602"),
    "zoya": ("Zoya", "13800000099", "510104", "四川省成都市锦江区", "望江巷 12 号 2 单元 501"),
}

DEMO_FARMERS = (
    DemoFarmer(
        "tashi",
        "扎西",
        "Tashi",
        "yunling",
        "13800000011",
        "采松茸三十年，哪片林子什么时候出菌，他心里有张图。",
    ),
    DemoFarmer(
        "dolma",
        "央金卓嘎",
        "Yangjin Dolma",
        "yunling",
        "13800000012",
        "老人家养了四十箱土蜂，一年只割一次蜜。",
    ),
    DemoFarmer(
        "norbu", "罗布", "Norbu", "yunling", None, "门前两棵老核桃树，屋后一片果园，都是他父亲种下的。"
    ),
    DemoFarmer("lhamo", "拉姆", "Lhamo", "yunling", "13800000013", "织了一辈子羊毛，花样是外婆教的。"),
    DemoFarmer("sonam", "索南", "Sonam", "qingke", "13800000014", "种青稞，也自己磨面，水磨是祖上传下来的。"),
    DemoFarmer("pema", "白玛", "Pema", "qingke", "13800000015", "天不亮就挤奶，酥油当天打当天包。"),
    DemoFarmer("kelsang", "格桑", "Kelsang", "qingke", "13800000016", "六十头牦牛，夏天跟着草走。"),
    DemoFarmer("yangchen", "央宗", "Yangzom", "qingke", None, "做饼子的手艺全村都认，炉子一热满屋香。"),
    DemoFarmer(
        "tenzin", "丹增", "Tenzin", "songhua", "13800000017", "年轻的果农，果树修剪得像书上画的一样。"
    ),
    DemoFarmer("wangmo", "旺姆", "Wangmo", "songhua", "13800000018", "菜地就在江边，浇的是雪水。"),
    DemoFarmer(
        "dorje", "多吉", "Dorje", "songhua", "13800000019", "雨后上山，太阳落山前下山，背篓里全是菌子。"
    ),
    DemoFarmer("lobsang", "洛桑", "Lobsang", "songhua", None, "养鸡种豆，鸡满山跑，蛋要满坡捡。"),
)

DEMO_SHOPS = (
    DemoShop(
        "snowline",
        "雪线合作社",
        "yunling",
        "mei",
        "云岭脚村和青稞坝村的合作社，替二十多户人家把山货卖到城里。",
        ("tashi", "dolma", "norbu", "lhamo", "sonam", "pema", "kelsang", "yangchen"),
    ),
    DemoShop(
        "songhua",
        "松花坪山货铺",
        "songhua",
        "mei",
        "松花坪的果、菜、菌和土鸡蛋，当天采，隔天发。",
        ("tenzin", "wangmo", "dorje", "lobsang"),
    ),
)
