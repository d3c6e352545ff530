"""What the adapters are told, read from the environment only, and what is wrong with it (rules.md 14)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

LEAST_KEY_BITS = 2048
# The numbers that the providers print in their manuals and give to everybody who tries things out.
EXAMPLES = frozenset(
    {"1230000109", "1900000109", "1900007291", "wxd678efh567hg6787", "wx1234567890abcdef",
     "wxdace645e0bc2cXXX", "444F4864EA9B34415", "2014072300007148", "2088102169481075", "2088102146225135"}
)  # fmt: skip
DEMO_WORDS = ("demo", "simulator", "sandbox", "example", "test")


class Misconfigured(Exception):
    """A setting of a provider is missing or cannot be; the text names the variable, never its value."""


@dataclass(frozen=True)
class WeChatPayConfig:
    """A merchant of WeChat Pay v3 in public-key mode. Keys are PEM texts."""

    merchant_id: str
    app_id: str
    merchant_key: str
    merchant_serial: str
    api_v3_key: str
    public_key: str
    public_key_id: str
    app_secret: str = ""
    gateway_url: str = "https://api.mch.weixin.qq.com"
    sign_in_url: str = "https://open.weixin.qq.com"
    token_url: str = "https://api.weixin.qq.com"  # noqa: S105 (an address, no secret)

    @property
    def can_sign_in(self) -> bool:
        """Whether we can learn who pays inside WeChat, which jsapi needs."""
        return bool(self.app_secret)


@dataclass(frozen=True)
class AlipayConfig:
    """An app of Alipay with certificates. Keys and certificates are PEM texts."""

    app_id: str
    seller_id: str
    app_key: str
    app_cert: str
    alipay_cert: str
    root_cert: str
    gateway_url: str = "https://openapi.alipay.com/gateway.do"


PEMS = {
    WeChatPayConfig: ("merchant_key", "public_key"),
    AlipayConfig: ("app_key", "app_cert", "alipay_cert", "root_cert"),
}
HOSTS = {
    WeChatPayConfig: {
        "gateway_url": ("api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"),
        "sign_in_url": ("open.weixin.qq.com",),
        "token_url": ("api.weixin.qq.com", "api2.weixin.qq.com", "sh.api.weixin.qq.com"),
    },
    AlipayConfig: {"gateway_url": ("openapi.alipay.com",)},
}


def read_wechatpay(environment: Mapping[str, str]) -> WeChatPayConfig:
    """Return the settings WECHATPAY_*; Misconfigured when one is missing or no key can be read from it."""
    return _read(WeChatPayConfig, "WECHATPAY_", environment)


def read_alipay(environment: Mapping[str, str]) -> AlipayConfig:
    """Return the settings ALIPAY_*; Misconfigured when one is missing or no key can be read from it."""
    return _read(AlipayConfig, "ALIPAY_", environment)


def problems_of(
    name: str, environment: Mapping[str, str], *, is_production: bool, now: datetime
) -> list[str]:
    """Return what is wrong with a provider's settings, in words without secrets; empty when all is well."""
    readers = {"wechatpay": (read_wechatpay, _wechatpay_problems), "alipay": (read_alipay, _alipay_problems)}
    read, look = readers[name]
    prefix = f"{name.upper()}_"
    try:
        config = read(environment)
    except Misconfigured as problem:
        return [str(problem)]
    try:
        found = look(config, now)
    except ValueError:
        return [f"One of {prefix}* is not the PEM it should be."]
    if is_production:
        found += _demo_problems(config, prefix)
    return found


def _read(kind, prefix: str, environment: Mapping[str, str]):
    values = {}
    for name, field in kind.__dataclass_fields__.items():
        value = environment.get(prefix + name.upper(), "").strip()
        if (
            not value and field.default is field.default_factory
        ):  # neither is set: the variable has no default
            raise Misconfigured(f"{prefix}{name.upper()} is missing.")
        if value:
            values[name] = _pem(prefix + name.upper(), value) if name in PEMS[kind] else value.rstrip("/")
    return kind(**values)


def _pem(variable: str, value: str) -> str:
    """Return the PEM: the variable holds it (newlines may be written as \\n) or the path of its file."""
    if value.startswith("-----BEGIN"):
        return value.replace("\\n", "\n")
    try:
        text = Path(value).read_text("ascii")
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{variable} is neither a PEM nor the path of a readable one.") from error
    if "-----BEGIN" not in text:
        raise Misconfigured(f"{variable} names a file that is not a PEM.")
    return text


def _wechatpay_problems(config: WeChatPayConfig, now: datetime) -> list[str]:
    ours = load_pem_private_key(config.merchant_key.encode(), password=None)
    theirs = load_pem_public_key(config.public_key.encode())
    found = []
    if len(config.api_v3_key.encode()) != 32:
        found.append("WECHATPAY_API_V3_KEY does not have 32 bytes.")
    if not config.public_key_id.startswith("PUB_KEY_ID_"):
        found.append(
            "WECHATPAY_PUBLIC_KEY_ID does not begin with PUB_KEY_ID_: the public-key mode is needed."
        )
    if not _is_strong(ours, RSAPrivateKey) or not _is_strong(theirs, RSAPublicKey):
        found.append("WECHATPAY_MERCHANT_KEY and WECHATPAY_PUBLIC_KEY must be RSA keys of 2048 bits or more.")
    elif ours.public_key() == theirs:
        found.append("WECHATPAY_PUBLIC_KEY is our own key: WeChat Pay's public key belongs there.")
    return found


def _alipay_problems(config: AlipayConfig, now: datetime) -> list[str]:
    ours = load_pem_private_key(config.app_key.encode(), password=None)
    app, theirs = (
        x509.load_pem_x509_certificate(pem.encode()) for pem in (config.app_cert, config.alipay_cert)
    )
    x509.load_pem_x509_certificates(config.root_cert.encode())
    found = []
    if not _is_strong(ours, RSAPrivateKey) or not _is_strong(theirs.public_key(), RSAPublicKey):
        found.append("ALIPAY_APP_KEY and ALIPAY_ALIPAY_CERT must be of RSA keys of 2048 bits or more.")
    elif ours.public_key() != app.public_key():
        found.append("ALIPAY_APP_CERT does not certify ALIPAY_APP_KEY.")
    elif ours.public_key() == theirs.public_key():
        found.append("ALIPAY_ALIPAY_CERT certifies our own key: Alipay's certificate belongs there.")
    for variable, certificate in (("ALIPAY_APP_CERT", app), ("ALIPAY_ALIPAY_CERT", theirs)):
        if not certificate.not_valid_before_utc <= now.astimezone(UTC) <= certificate.not_valid_after_utc:
            found.append(f"{variable} is not valid today.")
    return found


def _is_strong(key: object, kind: type) -> bool:
    return isinstance(key, kind) and key.key_size >= LEAST_KEY_BITS


def _demo_problems(config: WeChatPayConfig | AlipayConfig, prefix: str) -> list[str]:
    found = []
    for name, hosts in HOSTS[type(config)].items():
        address = urlsplit(getattr(config, name))
        if address.scheme != "https" or address.hostname not in hosts:
            found.append(f"{prefix}{name.upper()} is not an address of the provider.")
    for name in ("merchant_id", "app_id", "seller_id", "merchant_serial", "public_key_id"):
        value = getattr(config, name, "")
        if value in EXAMPLES or any(word in value.lower() for word in DEMO_WORDS):
            found.append(f"{prefix}{name.upper()} is a demo's.")
    for name in ("app_cert", "alipay_cert", "root_cert"):
        pem = getattr(config, name, "")
        if pem and any(
            _is_demo(certificate) for certificate in x509.load_pem_x509_certificates(pem.encode())
        ):
            found.append(f"{prefix}{name.upper()} is a demo's certificate.")
    return found


def _is_demo(certificate: x509.Certificate) -> bool:
    names = f"{certificate.subject.rfc4514_string()} {certificate.issuer.rfc4514_string()}".lower()
    return any(word in names for word in DEMO_WORDS)
