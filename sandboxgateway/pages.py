"""The provider's pay page, for a phone, in Chinese and English."""

import secrets
import sqlite3
from html import escape
from urllib.parse import urlsplit

WORDS = {
    "zh": {
        "lang": "zh-Hans", "title": "沙盒支付", "demo": "演示用：不会扣真实的钱。", "to": "收款方",
        "pay": "支付", "decline": "不支付", "back": "返回商家", "paid": "已支付", "failed": "没有支付",
        "closed": "这笔付款已关闭，请回商家重新下单。", "old": "页面已过期，请重新打开。",
        "missing": "找不到这笔付款。",
        "merchant": "村集（演示商户）", "again": "重新打开",
    },
    "en": {
        "lang": "en", "title": "Sandbox Pay", "demo": "For demos: no real money is taken.", "to": "Paid to",
        "pay": "Pay", "decline": "Do not pay", "back": "Back to the merchant", "paid": "Paid",
        "failed": "Not paid", "closed": "This payment is closed. Please order again at the merchant.",
        "old": "This page is too old. Please open it again.", "missing": "There is no such payment.",
        "merchant": "Village Market (demo merchant)", "again": "Open again",
    },
}  # fmt: skip
STYLE = """
:root{color-scheme:light dark;--ground:#eef3f8;--paper:#fff;--ink:#142433;--soft:#4c6072;--blue:#1456a0;
--edge:#7d8ea0}
@media (prefers-color-scheme:dark){:root{--ground:#0f1720;--paper:#1a2530;--ink:#eaf1f8;--soft:#a9bac9;
--blue:#2f76c4}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:16px/1.5 -apple-system,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",system-ui,sans-serif}
main{max-width:480px;min-height:100dvh;margin:0 auto;padding:24px 16px;display:flex;
flex-direction:column;gap:16px}
h1{margin:0;font-size:18px;color:var(--blue)}.card{background:var(--paper);
border-radius:16px;padding:24px 20px;text-align:center}
.amount{margin:4px 0 12px;font-size:44px;font-weight:700;font-variant-numeric:tabular-nums}
.soft{margin:0;color:var(--soft);overflow-wrap:anywhere}form{margin-top:auto;display:grid;gap:12px}
button,a.button{display:grid;place-items:center;min-height:52px;border:0;border-radius:12px;font:inherit;
font-size:18px;font-weight:700;background:var(--blue);color:#fff;text-decoration:none;cursor:pointer}
button.quiet{background:none;color:var(--ink);border:1.5px solid var(--edge)}
:focus-visible{outline:3px solid #e0a020;outline-offset:2px}
"""


def language_of(header: str) -> str:
    """Return "zh" or "en" from Accept-Language; Chinese unless English comes first."""
    return "en" if header.strip().lower().startswith("en") else "zh"


def pay_page(payment: sqlite3.Row, language: str, prefix: str) -> tuple[str, dict[str, str]]:
    """Return the page of a payment and its headers."""
    words = WORDS[language]
    yuan, fen = divmod(payment["amount_fen"], 100)
    action = escape(f"{prefix}/{payment['id']}", quote=True)
    back = escape(payment["return_url"], quote=True)
    if payment["status"] == "pending":
        foot = (
            f'<form method="post" action="{action}">'
            f'<input type="hidden" name="token" value="{escape(payment["form_token"], quote=True)}">'
            f'<button name="decision" value="pay">{words["pay"]} ¥{yuan:,}.{fen:02d}</button>'
            f'<button class="quiet" name="decision" value="decline">{words["decline"]}</button></form>'
        )
    else:
        foot = (
            f'<p class="soft" role="status">{words[payment["status"]]}</p>'
            f'<a class="button" href="{back}">{words["back"]}</a>'
        )
    body = (
        f'<div class="card"><p class="soft">{words["to"]}: {words["merchant"]}</p>'
        f'<p class="amount">¥{yuan:,}.{fen:02d}</p><p class="soft">{escape(payment["subject"])}</p></div>'
        f"{foot}"
    )
    target = urlsplit(payment["return_url"])
    return _page(words, body, f"{target.scheme}://{target.netloc}")


def refused_page(code: str, language: str, address: str) -> tuple[str, dict[str, str]]:
    """Return the page for a payment that is not there, or whose page is too old."""
    words = WORDS[language]
    text = words["old"] if code == "old_page" else words["missing"]
    again = (
        f'<a class="button" href="{escape(address, quote=True)}">{words["again"]}</a>'
        if code == "old_page"
        else ""
    )
    return _page(words, f'<div class="card"><p role="alert">{text}</p></div>{again}', "")


def _page(words: dict[str, str], body: str, return_origin: str) -> tuple[str, dict[str, str]]:
    nonce = secrets.token_urlsafe(12)
    html = (
        f'<!doctype html><html lang="{words["lang"]}"><head><meta charset="utf-8">'
        f"<title>{words['title']}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style nonce="{nonce}">{STYLE}</style></head><body><main><h1>{words["title"]}</h1>{body}'
        f'<p class="soft">{words["demo"]}</p></main></body></html>'
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {return_origin}; base-uri 'none';"
        " frame-ancestors 'none'"
    )
    return html, {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
