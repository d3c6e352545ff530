"""What in a line leads people out of the market: links, telephone numbers, accounts elsewhere. Pure."""

import re
import unicodedata

from livestreams.folding import fold
from livestreams.statuses import HeldReason

# Endings that are no English words; after the others only a path makes it an address.
_ENDINGS = "com|cn|net|org|info|xyz|top|vip|shop|club|wang|ltd|cc|tv|io|hk|tw|ru|app|ink|icu|biz|mobi"
_WEAK_ENDINGS = "me|ly|to|so|la|in|it|is|at|us|be|gl|gg|link|live|site|online|store|tech|fun|pub"
_NAME = r"[a-z0-9\u4e00-\u9fff][a-z0-9\u4e00-\u9fff-]{0,62}"
_DOT = r"\s*(?:\.|。|点|點|\(dot\)|\[dot\]| dot )\s*"
_LINKS = re.compile(
    rf"https?\s*:|ftp\s*:|www{_DOT}\w|{_NAME}{_DOT}(?:{_ENDINGS})(?![a-z0-9])"
    rf"|[a-z0-9-]+\.(?:{_WEAK_ENDINGS})/\S"
    r"|(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:[:/]|(?![0-9.]))"
    # What shopping apps copy for each other: a word of theirs between two signs of money.
    r"|[￥¥$€₤(《/][a-z0-9]{10,12}[￥¥$€₤)《/]"
)
_PHONES = re.compile(
    r"(?<![0-9])(?:0{0,2}86)?1[3-9][0-9]{9}(?![0-9])"
    r"|(?<![0-9])0(?:10|2[0-9]|[3-9][0-9]{2})[2-9][0-9]{6,7}(?![0-9])|(?<![0-9])[48]00[0-9]{7}(?![0-9])"
)
_MESSENGER = (
    "微信|薇信|威信|维信|葳信|微心|溦信|v信|vx|wx|weixin|wechat|whatsapp|telegram|加v|加薇|加微"
    "|qq群?|扣扣|企鹅号?|抖音号|快手号"
)
_BETWEEN = "[是号我的加看搜找id]{0,5}"
_ACCOUNTS = re.compile(
    f"(?:{_MESSENGER}){_BETWEEN}(?:[a-z][a-z0-9]{{4,19}}|[0-9]{{5,12}})"
    "|加(?:我|个|下|一下|1下|主播|老板)*(?:微信|薇信|威信|vx|wx|v信|v(?![a-z])|微(?!笑|量)|薇|qq|扣扣)"
)
# Letters that stand in for digits inside a long number.
_MIXED_NUMBER = re.compile(r"[0-9oli]{11,}")
_AS_DIGITS = str.maketrans("oli", "011")


def way_out(text: str) -> str:
    """Return why a line should wait for a moderator: HeldReason link, phone, account; "" when it need not."""
    plain = "".join(
        char for char in unicodedata.normalize("NFKC", text).lower() if unicodedata.category(char) != "Cf"
    )
    if _LINKS.search(plain):
        return HeldReason.LINK
    folded = fold(text.replace("幺", "1"))
    if _PHONES.search(_MIXED_NUMBER.sub(lambda found: found[0].translate(_AS_DIGITS), folded)):
        return HeldReason.PHONE
    return HeldReason.ACCOUNT if _ACCOUNTS.search(folded) else ""
