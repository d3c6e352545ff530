"""The carriers a shop can choose: how they write their numbers, and where a person can follow a parcel."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from orders.statuses import Carrier


@dataclass(frozen=True)
class CarrierInfo:
    """One carrier. `pattern` is what its numbers look like, `link` where "{number}" is followed."""

    code: str
    pattern: re.Pattern[str]
    hint: str
    link: str

    @property
    def name(self) -> str:
        """The carrier in words."""
        return str(Carrier(self.code).label)

    def takes(self, tracking_number: str) -> bool:
        """Say whether the carrier could have written the number."""
        return self.pattern.fullmatch(tracking_number) is not None

    def link_to(self, tracking_number: str) -> str:
        """Return the page on which the carrier shows the parcel."""
        return self.link.format(number=tracking_number)


def _info(code: str, pattern: str, hint: str, link: str) -> CarrierInfo:
    return CarrierInfo(code, re.compile(pattern), hint, link)


# What is printed on waybills today; short numbers are let through where a carrier still has old forms.
CATALOGUE: dict[str, CarrierInfo] = {
    info.code: info
    for info in (
        _info(
            Carrier.CHINA_POST,
            r"[A-Z]{2}\d{9}[A-Z]{2}|\d{13}",
            _("13 digits, or 2 letters, 9 digits and 2 letters, as printed on the parcel."),
            "https://yjcx.ems.com.cn/qps/yjcx?mailNum={number}",
        ),
        _info(
            Carrier.EMS,
            r"[A-Z]{2}\d{9}[A-Z]{2}|\d{13}",
            _("13 digits, or 2 letters, 9 digits and 2 letters, as printed on the parcel."),
            "https://www.ems.com.cn/queryList?mailNum={number}",
        ),
        _info(
            Carrier.SF,
            r"SF\d{8,15}|\d{12}|\d{15}",
            _("SF and 8 to 15 digits, or 12 or 15 digits, as printed on the parcel."),
            "https://www.sf-express.com/chn/sc/waybill/waybill-detail/{number}",
        ),
        _info(
            Carrier.ZTO,
            r"(ZTO)?\d{12,15}",
            _("12 to 15 digits, as printed on the parcel."),
            "https://www.zto.com/express/expressCheck.html?txtBill={number}",
        ),
        _info(
            Carrier.YTO,
            r"(YT|YTO)\d{10,15}|[A-Z]?\d{10,18}",
            _("YT and 10 to 15 digits, or 10 to 18 digits, as printed on the parcel."),
            "https://www.yto.net.cn/gw/service/Shipmenttracking.html?number={number}",
        ),
        _info(
            Carrier.STO,
            r"(STO)?\d{12,15}",
            _("12 to 15 digits, as printed on the parcel."),
            "https://www.sto.cn/pc/service-page/iframe/search?billcode={number}",
        ),
        _info(
            Carrier.YUNDA,
            r"(YD)?\d{13,15}",
            _("13 to 15 digits, as printed on the parcel."),
            "https://www.yundaex.com/cn/trackdetail?mailno={number}",
        ),
        _info(
            Carrier.JD,
            r"JD[A-Z]{0,3}\d{9,15}",
            _("JD, up to 3 letters, and 9 to 15 digits, as printed on the parcel."),
            "https://www.jdl.com/orderSearch?waybillCodes={number}",
        ),
    )
}


def find_carrier(text: str) -> CarrierInfo | None:
    """Return the carrier of a code."""
    return CATALOGUE.get(text)


def tracking_link(carrier: str, tracking_number: str) -> str:
    """Return where a parcel can be followed; empty for a carrier that is not in our list."""
    found = CATALOGUE.get(carrier)
    return found.link_to(tracking_number) if found else ""
