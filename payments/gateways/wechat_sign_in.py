"""Who looks at a page inside WeChat: jsapi wants to know (`snsapi_base`, which asks the buyer nothing)."""

import json
import urllib.request
from http.client import HTTPException
from urllib.parse import urlencode

from django.conf import settings

from payments.errors import GatewayUnavailable
from payments.gateways.config import Misconfigured, WeChatPayConfig, read_wechatpay

TIMEOUT_SECONDS = 5
ANSWER_MAX_BYTES = 16 * 1024


def can_sign_in() -> bool:
    """Whether WeChat Pay is offered and its app's secret is known."""
    config = _config()
    return config is not None and config.can_sign_in


def sign_in_address(*, back: str, state: str) -> str:
    """Return WeChat's address that sends the buyer to `back` with a code and `state`; only if can_sign_in."""
    config = _config()
    query = urlencode(
        {"appid": config.app_id, "redirect_uri": back, "response_type": "code", "scope": "snsapi_base",
         "state": state}
    )  # fmt: skip
    return f"{config.sign_in_url}/connect/oauth2/authorize?{query}#wechat_redirect"


def fetch_openid(code: str) -> str:
    """Return who a code stands for; GatewayUnavailable when WeChat does not say. The code works once."""
    config = _config()
    if config is None or not code.isascii() or not 0 < len(code) <= 128:
        raise GatewayUnavailable("no code")
    query = urlencode(
        {
            "appid": config.app_id,
            "secret": config.app_secret,
            "code": code,
            "grant_type": "authorization_code",
        }
    )
    try:
        address = f"{config.token_url}/sns/oauth2/access_token?{query}"
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 (from the environment)
            openid = json.loads(answer.read(ANSWER_MAX_BYTES)).get("openid")
    except (OSError, HTTPException, ValueError, AttributeError) as error:
        # The address holds the secret: of an error only its kind is told.
        raise GatewayUnavailable(f"no openid: {type(error).__name__}") from None
    if not isinstance(openid, str) or not 0 < len(openid) <= 128:
        raise GatewayUnavailable("no openid")
    return openid


def _config() -> WeChatPayConfig | None:
    if "wechatpay" not in settings.PAYMENT_GATEWAYS:
        return None
    try:
        return read_wechatpay(settings.PROVIDER_ENVIRONMENT)
    except Misconfigured:
        return None
