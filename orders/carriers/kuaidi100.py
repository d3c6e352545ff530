"""Kuaidi100: follows the parcels of all large carriers (api.kuaidi100.com: subscribe, push, query)."""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from django.conf import settings

from orders.carriers.base import Event, Report, TrackerUnavailable
from orders.errors import BadTrackingReport, BadTrackingSignature
from orders.statuses import Carrier, ParcelEvent

SHANGHAI = ZoneInfo("Asia/Shanghai")
TIMEOUT_SECONDS = 8
ANSWER_MAX_BYTES = 256 * 1024
WORDS_MAX = 200
CODES = {
    Carrier.CHINA_POST: "youzhengguonei",
    Carrier.EMS: "ems",
    Carrier.SF: "shunfeng",
    Carrier.ZTO: "zhongtong",
    Carrier.YTO: "yuantong",
    Carrier.STO: "shentong",
    Carrier.YUNDA: "yunda",
    Carrier.JD: "jd",
}
CARRIERS = {code: carrier for carrier, code in CODES.items()}
# Large states, and the finer ones (three digits) that begin with them and mean something else.
STATES = {
    "0": ParcelEvent.MOVING, "1": ParcelEvent.ACCEPTED, "2": ParcelEvent.MOVING, "3": ParcelEvent.DELIVERED,
    "4": ParcelEvent.RETURNED, "5": ParcelEvent.AT_DOOR, "6": ParcelEvent.RETURNED, "7": ParcelEvent.MOVING,
    "8": ParcelEvent.MOVING, "14": ParcelEvent.REFUSED, "203": ParcelEvent.REFUSED,
    "303": ParcelEvent.DELIVERED, "501": ParcelEvent.AT_DOOR,
}  # fmt: skip
# What an event says of itself when it carries no code.
SAID = {
    "揽收": ParcelEvent.ACCEPTED, "签收": ParcelEvent.DELIVERED, "派件": ParcelEvent.AT_DOOR,
    "拒签": ParcelEvent.REFUSED, "拒收": ParcelEvent.REFUSED, "退回": ParcelEvent.RETURNED,
    "退签": ParcelEvent.RETURNED, "丢失": ParcelEvent.LOST,
}  # fmt: skip
FOLLOWED = ("200", "501")  # 501: we had asked before


@dataclass(frozen=True)
class Kuaidi100:
    """One account. `salt` signs what is pushed to us, `key` and `customer` what we ask."""

    key: str
    customer: str
    salt: str
    address: str
    callback_url: str
    name: str = "kuaidi100"
    carriers: frozenset[str] = frozenset(CODES)

    @classmethod
    def from_settings(cls) -> "Kuaidi100":
        """Return the adapter of settings.KUAIDI100."""
        return cls(callback_url=f"{settings.PUBLIC_URL}/api/v1/tracking/kuaidi100/", **settings.KUAIDI100)

    def follow(self, *, carrier: str, tracking_number: str, phone_tail: str) -> None:
        """Ask to be told about a parcel; asking again changes nothing."""
        wish = {
            "company": CODES[carrier],
            "number": tracking_number,
            "key": self.key,
            "parameters": {
                "callbackurl": self.callback_url,
                "salt": self.salt,
                "resultv2": "4",
                "phone": phone_tail,
            },
        }
        answer = self._ask("/poll", {"schema": "json", "param": _json(wish)})
        if str(answer.get("returnCode")) not in FOLLOWED:
            raise TrackerUnavailable(f"returnCode {answer.get('returnCode')}")

    def query(self, *, carrier: str, tracking_number: str, phone_tail: str) -> Report:
        """Ask how a parcel stands; a parcel that nobody has seen yet has no events."""
        param = _json(
            {"com": CODES[carrier], "num": tracking_number, "phone": phone_tail, "resultv2": "4", "show": "0"}
        )
        form = {"customer": self.customer, "sign": _md5(param + self.key + self.customer), "param": param}
        answer = self._ask("/poll/query.do", form)
        if str(answer.get("returnCode")) == "500":
            return Report(carrier, tracking_number, ())
        try:
            report = _report(answer)
        except BadTrackingReport as problem:
            raise TrackerUnavailable("an answer that cannot be read") from problem
        if (report.carrier, report.tracking_number) != (carrier, tracking_number):
            raise TrackerUnavailable("an answer about another parcel")
        return report

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes) -> Report:
        """Check sign = MD5(param + salt) before anything of `param` is read."""
        try:
            form = parse_qs(body.decode(), strict_parsing=True, max_num_fields=8)
        except ValueError as error:
            raise BadTrackingSignature() from error
        param, sign = form.get("param", [""])[0], form.get("sign", [""])[0]
        if not hmac.compare_digest(_md5(param + self.salt).encode(), sign.upper().encode()):
            raise BadTrackingSignature()
        try:
            return _report(json.loads(param)["lastResult"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadTrackingReport() from error

    def _ask(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 (the address is ours, from the environment)
            f"{self.address}{path}", data=urlencode(form).encode()
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 (as above)
                answer = json.loads(response.read(ANSWER_MAX_BYTES))
        except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
            raise TrackerUnavailable(type(error).__name__) from error
        if not isinstance(answer, dict):
            raise TrackerUnavailable("an answer that cannot be read")
        return answer


def _report(result: dict[str, Any]) -> Report:
    try:
        events = [_event(point) for point in result["data"]]
        carrier, number = CARRIERS[result["com"]], str(result["nu"]).upper()
        state = STATES.get(str(result["state"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadTrackingReport() from error
    events.sort(key=lambda event: event.happened_at)
    if events and state and events[-1].state == ParcelEvent.MOVING:
        # Old forms say only of the parcel as a whole what its last point means.
        events[-1] = Event(state, events[-1].words, events[-1].happened_at)
    return Report(carrier, number, tuple(events))


def _event(point: dict[str, Any]) -> Event:
    at = datetime.strptime(point.get("ftime") or point["time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    code = str(point.get("statusCode") or "")
    state = STATES.get(code) or STATES.get(code[:1]) or SAID.get(str(point.get("status") or "")[:2])
    words = "".join(sign for sign in str(point["context"]) if sign.isprintable())
    return Event(state or ParcelEvent.MOVING, words[:WORDS_MAX], at)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _md5(text: str) -> str:
    """The provider's own way to sign; nothing of ours relies on it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
