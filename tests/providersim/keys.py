"""Keys and certificates of both sides; what a merchant is given lies in `merchant/`, the rest stays here."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

MERCHANT_ID, WECHAT_APP, WECHAT_SECRET = "1688000001", "wx0a1b2c3d4e5f6071", "s3cret-of-the-app"
MERCHANT_SERIAL, PUBLIC_KEY_ID = "5A7C11D2E3F40516", "PUB_KEY_ID_0116880000012026"
API_V3_KEY = "0123456789abcdef0123456789abcdef"
ALIPAY_APP, SELLER = "2021004100000001", "2088000000000017"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate(
    name: str, key: rsa.RSAPrivateKey, issuer: str, issuer_key: rsa.RSAPrivateKey, days: int = 30
):
    def named(common_name: str) -> x509.Name:
        parts = ((NameOID.COMMON_NAME, common_name), (NameOID.ORGANIZATIONAL_UNIT_NAME, "Certification"),
                 (NameOID.ORGANIZATION_NAME, "Ant"), (NameOID.COUNTRY_NAME, "CN"))  # fmt: skip
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .sign(issuer_key, SHA256())
    )


def certificate_pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def serial_of(made: x509.Certificate) -> str:
    """The number by which Alipay names a certificate: MD5 of issuer and serial."""
    one = {attribute.oid: attribute.value for attribute in made.issuer}
    name = (
        f"CN={one[NameOID.COMMON_NAME]},OU={one[NameOID.ORGANIZATIONAL_UNIT_NAME]},"
        f"O={one[NameOID.ORGANIZATION_NAME]},C={one[NameOID.COUNTRY_NAME]}"
    )
    return hashlib.md5(f"{name}{made.serial_number}".encode()).hexdigest()


class Keys:
    """Everything, made anew; `environment` is what the market is configured with."""

    def __init__(self, folder: Path):
        self.platform, self.merchant = new_key(), new_key()
        self.alipay, self.app, root = new_key(), new_key(), new_key()
        root_cert = certificate("Ant Root", root, "Ant Root", root)
        self.alipay_cert = certificate("Alipay RSA2", self.alipay, "Ant Root", root)
        self.app_cert = certificate("Village App", self.app, "Ant Root", root)
        self.root_serial = serial_of(root_cert)
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = {
            "WECHATPAY_MERCHANT_ID": MERCHANT_ID,
            "WECHATPAY_APP_ID": WECHAT_APP,
            "WECHATPAY_APP_SECRET": WECHAT_SECRET,
            "WECHATPAY_MERCHANT_KEY": private_pem(self.merchant),
            "WECHATPAY_MERCHANT_SERIAL": MERCHANT_SERIAL,
            "WECHATPAY_API_V3_KEY": API_V3_KEY,
            "WECHATPAY_PUBLIC_KEY": public_pem(self.platform),
            "WECHATPAY_PUBLIC_KEY_ID": PUBLIC_KEY_ID,
            "ALIPAY_APP_ID": ALIPAY_APP,
            "ALIPAY_SELLER_ID": SELLER,
            "ALIPAY_APP_KEY": private_pem(self.app),
            "ALIPAY_APP_CERT": certificate_pem(self.app_cert),
            "ALIPAY_ALIPAY_CERT": certificate_pem(self.alipay_cert),
            "ALIPAY_ROOT_CERT": certificate_pem(root_cert),
        }
        (folder / "merchant.json").write_text(json.dumps(self.environment))
        # So that a test can sign as the provider does, and see what a forger lacks.
        secrets = {"platform": private_pem(self.platform), "alipay": private_pem(self.alipay)}
        (folder / "provider.json").write_text(json.dumps(secrets))
