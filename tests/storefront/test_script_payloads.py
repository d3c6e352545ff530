"""D1: five hundred script payloads in names, descriptions, stories and the chat do nothing on any page."""

from html.parser import HTMLParser
from itertools import product

import pytest
from django.test import Client

from accounts.models import User
from common.clock import utc_now
from livestreams.models import ChatMessage, ModerationAction, QuickReply
from shops.models import Product
from tests.factories.livestreams import add_to_rundown, make_session
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db

BREAKS = ("", '"', "'", "`", "</title>", "</textarea>", "</script>", "-->", "]]>", "{{1111111*7}}")
SHAPES = (
    "<script>pwn()</script>",
    "<ScRiPt >pwn()//",
    "<script src=//evil.example/pwn.js>",
    "<img src=x onerror=pwn()>",
    "<svg onload=pwn()>",
    "<svg/onload=pwn()//",
    "<body onload=pwn()>",
    "<iframe srcdoc='<script>pwn()</script>'>",
    "<a href=javascript:pwn()>x</a>",
    "<a href='java\tscript:pwn()'>x",
    "<input autofocus onfocus=pwn()>",
    "<details open ontoggle=pwn()>",
    "<video><source onerror=pwn()>",
    "<math href=javascript:pwn()>",
    "<form action=javascript:pwn()><button>",
    "<object data=javascript:pwn()>",
    "<embed src=javascript:pwn()>",
    "<base href=//evil.example/pwn/>",
    "<meta http-equiv=refresh content=0;url=javascript:pwn()>",
    "<link rel=stylesheet href=//evil.example/pwn.css>",
    "<style>@import '//evil.example/pwn';</style>",
    "<marquee onstart=pwn()>",
    "onmouseover=pwn() x=",
    "javascript:pwn()",
    "&lt;script&gt;pwn()&lt;/script&gt;",
    "&#60;img src=x onerror=pwn()>",
    "<!--<img src='--><img src=x onerror=pwn()>'>",
    "<img src=x onerror=pwn() ",
    "<<script>pwn();//<</script>",
    "<xss style=x onclick=pwn() contenteditable>",
    "<template><script>pwn()</script>",
    "<noscript><p title='</noscript><img src=x onerror=pwn()>'>",
    "<isindex type=image src=1 onerror=pwn()>",
    "\u202e<script>pwn()</script>",
    "＜script＞pwn()＜/script＞",
    "<script\x0b>pwn()</script>",
    "{% now 'Y' %}pwn()",
    "{{ request.user.password }}pwn()",
    "${pwn()}",
    "<%= pwn() %>",
    "#{pwn()}",
    "\\u003cscript\\u003epwn()",
    "\\x3cscript\\x3epwn()",
    "%3Cscript%3Epwn()%3C/script%3E",
    "<script>pwn`1`</script>",
    "<img/src/onerror=pwn()>",
    "<img src onerror\n=pwn()>",
    "<svg><animate onbegin=pwn() attributeName=x>",
    "<button popovertarget=x onbeforetoggle=pwn()>",
    "<img srcset='x' onerror=pwn()>",
)
PAYLOADS = [start + shape for start, shape in product(BREAKS, SHAPES)]
NOT_OURS = ("base", "iframe", "object", "embed", "marquee", "math", "xss", "isindex", "style")
WHERE_CODE_RUNS = ("href", "src", "action", "formaction", "data", "srcdoc", "xlink:href", "style")


class Page(HTMLParser):
    """What a browser would act on."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.script: dict | None = None
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        named = dict(attrs)
        if tag == "script":
            self.script = named
            is_ours = "nonce" in named or (named.get("src") or "").startswith("/static/")
            if not is_ours and named.get("type") != "application/json":
                self.found.append(f"script without nonce: {attrs}")
        for name, value in attrs:
            is_code = name in WHERE_CODE_RUNS and ("pwn" in (value or "") and "script:" in (value or ""))
            if (
                name.startswith("on")
                or "pwn" in name
                or is_code
                or (name == "style" and "pwn" in (value or ""))
            ):
                self.found.append(f"{tag} {name}={value}")
        if tag in NOT_OURS:
            self.found.append(f"<{tag}>")

    def handle_endtag(self, tag) -> None:
        if tag == "script":
            self.script = None

    def handle_data(self, data) -> None:
        if self.script is not None and "pwn" in data and self.script.get("type") != "application/json":
            self.found.append(f"in a script: {data[:80]}")


def test_the_payloads_would_be_seen():
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 500
    assert sum(bool(Page(f"<p>{payload}</p>").found) for payload in PAYLOADS) > 300


def test_d1_names_and_descriptions(market):
    client = Client()
    goods = [make_product(shop=market.shop, title=f"青稞 {number}") for number in range(9)] + [market.product]
    pages = [f"/products/{market.product.pk}/", "/", "/products/", f"/shops/{market.shop.pk}/"]

    for first in range(0, 500, 50):
        some = PAYLOADS[first : first + 50]
        for number, thing in enumerate(goods):
            Product.objects.filter(pk=thing.pk).update(
                title=some[number][:60], description="\n".join(some), rejected_reason=some[number][:60]
            )
        market.farmer.name, market.farmer.story = some[11][:60], "\n".join(some)
        market.farmer.save(update_fields=["name", "story"])
        market.shop.name = some[12][:60]
        market.shop.save(update_fields=["name"])
        for path in pages:
            html = client.get(path).content.decode()

            assert Page(html).found == []
            assert "pwn" in html
            assert "7777777" not in html


def test_d1_the_room_and_its_chat(market, arun):
    client = Client()
    session = make_session(
        host=market.host, shop=market.shop, title=PAYLOADS[0][:80], description=PAYLOADS[3]
    )
    add_to_rundown(session=session, variant=market.variant)

    for first in range(0, 500, 50):
        ChatMessage.objects.all().delete()
        ChatMessage.objects.bulk_create(
            ChatMessage(session=session, author=arun, text=text, created_at=utc_now())
            for text in PAYLOADS[first : first + 50]
        )
        html = client.get(f"/live/{session.pk}/").content.decode()

        assert Page(html).found == []
        assert "pwn" in html


def test_d1_the_pages_of_those_who_moderate(market, arun, zhuoma):
    client = Client()
    client.force_login(zhuoma, backend="accounts.backends.IdentifierBackend")
    session = make_session(host=market.host, shop=market.shop)
    pages = [f"/desk/live/{session.pk}/{page}/" for page in ("moderate", "console", "chat")]

    for first in range(0, 500, 50):
        some = PAYLOADS[first : first + 50]
        ChatMessage.objects.all().delete()
        held = ChatMessage.objects.bulk_create(
            ChatMessage(session=session, author=arun, text=text, status="held", created_at=utc_now())
            for text in some
        )
        ModerationAction.objects.bulk_create(
            ModerationAction(
                session=session, kind="mute", moderator=zhuoma, person=arun, message=line, reason=line.text,
                created_at=utc_now(),
            )
            for line in held
        )  # fmt: skip
        QuickReply.objects.all().delete()
        QuickReply.objects.bulk_create(QuickReply(host=market.host, text=text) for text in some)
        User.objects.filter(pk=arun.pk).update(display_name=some[7][:60])
        for path in pages:
            html = client.get(path).content.decode()

            assert Page(html).found == []
            assert "pwn" in html
            assert "7777777" not in html
