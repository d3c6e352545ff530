"""The statement on paper: words, glyphs, sums, the code that proves it, and the page that checks it."""

import re
from types import SimpleNamespace

import pypdfium2
import pytest
import segno
from django.core.cache import cache
from django.db import connection

from notifications.models import Notification
from payouts.models import PayoutStatement
from payouts.papers.amounts import in_chinese, in_english
from payouts.papers.sheet import MARGIN, QR, WIDTH, draw_statements
from payouts.selectors.checking import check_paper
from payouts.selectors.papers import check_path, paper_of
from payouts.selectors.seals import is_unaltered, letters_of
from tests.factories.payouts import close_week, make_completed, make_live_sale, statement_of
from tests.factories.shops import authorize_shop, make_farmer, make_product

SCALE = 6


@pytest.fixture
def statement(market, arun, mei, now) -> PayoutStatement:
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    return statement_of(close_week(shop=market.shop, now=now), farmer=market.farmer)


def read(content: bytes) -> SimpleNamespace:
    """The text of each page, and the picture of the first."""
    document = pypdfium2.PdfDocument(content)
    texts = [page.get_textpage().get_text_range() for page in document]
    return SimpleNamespace(texts=texts, picture=document[0].render(scale=SCALE).to_pil().convert("L"))


def tamper(sql: str, *values: object) -> None:
    """Change rows as somebody with the database in their hands could."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET session_replication_role = origin")


@pytest.mark.parametrize(
    ("fen", "chinese", "english"),
    [
        (0, "人民币零元整", "Zero yuan"),
        (5, "人民币伍分", "Five fen"),
        (50, "人民币伍角整", "Fifty fen"),
        (6256, "人民币陆拾贰元伍角陆分", "Sixty-two yuan and fifty-six fen"),
        (10005, "人民币壹佰元零伍分", "One hundred yuan and five fen"),
        (10050, "人民币壹佰元伍角整", "One hundred yuan and fifty fen"),
        (100100, "人民币壹仟零壹元整", "One thousand and one yuan"),
        (1000000, "人民币壹万元整", "Ten thousand yuan"),
        (1001000, "人民币壹万零壹拾元整", "Ten thousand and ten yuan"),
        (
            1234567890, "人民币壹仟贰佰叁拾肆万伍仟陆佰柒拾捌元玖角整",
            "Twelve million three hundred and forty-five thousand six hundred and seventy-eight yuan "
            "and ninety fen",
        ),
        (10000000000, "人民币壹亿元整", "One hundred million yuan"),
        (10000100001, "人民币壹亿零壹仟元零壹分", "One hundred million one thousand yuan and one fen"),
        (-100, "人民币负壹元整", "Minus one yuan"),
    ],
)  # fmt: skip
def test_sums_in_words(fen, chinese, english):
    assert (in_chinese(fen), in_english(fen)) == (chinese, english)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-hans", "人民币陆拾贰元伍角陆分"), ("en", "Sixty-two yuan and fifty-six fen")],
)
def test_paper_says_who_what_and_how_much_in_figures_and_words(statement, language, words):
    (text,) = read(draw_statements([paper_of(statement)], language=language)).texts

    line = statement.lines.get()
    for said in (
        "扎西",
        "云岭合作社",
        "高山青稞米",
        "¥62.56",
        "68.00",
        "−3.40",
        "−2.04",
        words,
        line.order_number,
    ):
        assert said in text, said
    assert statement.code in text and letters_of(statement.seal) in text
    assert not any(name in text for name in ("卓玛", "梅姐", "阿润"))


@pytest.mark.django_db
def test_code_on_the_paper_leads_to_its_check_page(statement, settings):
    settings.PUBLIC_URL = "https://market.example"
    picture = read(draw_statements([paper_of(statement)], language="zh-hans")).picture

    address = f"https://market.example{check_path(statement)}"
    matrix = list(segno.make(address, error="m", micro=False).matrix)
    millimetre = picture.width / WIDTH
    side = QR / len(matrix)
    seen = [
        [
            picture.getpixel((
                int((WIDTH - MARGIN - QR + (across + 0.5) * side) * millimetre),
                int((MARGIN + (down + 0.5) * side) * millimetre),
            )) < 128
            for across in range(len(matrix))
        ]
        for down in range(len(matrix))
    ]  # fmt: skip
    assert seen == [[bool(dark) for dark in row] for row in matrix]
    # Chinese glyphs are drawn, not boxes: the name leaves ink, and not the same for each character.
    name = picture.crop([int(edge * millimetre) for edge in (MARGIN, 31, MARGIN + 12, 41)])
    left, right = (
        name.crop((0, 0, name.width // 2, name.height)),
        name.crop((name.width // 2, 0, name.width, name.height)),
    )
    assert min(left.getextrema()) < 100 and min(right.getextrema()) < 100
    assert left.tobytes() != right.tobytes()


@pytest.mark.django_db
def test_all_farmers_of_a_period_come_in_one_file_each_on_a_sheet_of_their_own(
    market, arun, mei, zhuoma, now, client
):
    for number in range(3):
        farmer = make_farmer(village=market.village, name=f"农户{number}")
        authorize_shop(farmer=farmer, shop=market.shop)
        product = make_product(shop=market.shop, farmer=farmer, price_fen=1000)
        make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now)
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    period = close_week(shop=market.shop, now=now)
    client.force_login(mei)

    response = client.get(f"/desk/periods/{period.pk}/pdf/?lang=en")

    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    texts = read(response.content).texts
    assert [re.search("农户.|扎西", text)[0] for text in texts] == ["农户0", "农户1", "农户2", "扎西"]
    # Head and foot of each sheet name the same tally, and each tally counts its own pages.
    for text in texts:
        assert len(set(re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", text))) == 1
        assert "page 1" in text
    assert not any("卓玛" in text for text in texts)
    client.force_login(zhuoma)
    assert client.get(f"/desk/periods/{period.pk}/pdf/").status_code == 404


@pytest.mark.django_db
def test_a_long_tally_goes_on_over_pages_and_a_very_long_one_says_what_it_leaves_out(statement, monkeypatch):
    paper = paper_of(statement)
    many = paper.__class__(**(paper.__dict__ | {"lines": paper.lines * 120, "lines_left": 7}))

    texts = read(draw_statements([many], language="en")).texts

    assert len(texts) == 4
    assert all(statement.code in text for text in texts)
    assert sum(text.count(paper.lines[0].order_number) for text in texts) == 120
    assert "And 7 more lines" in texts[-1]


@pytest.mark.django_db
def test_check_page_proves_the_paper_and_names_nobody_else(statement, client):
    response = client.get(check_path(statement))

    html = response.content.decode()
    assert response.status_code == 200
    assert 'data-genuine="yes"' in html and "62.56" in html and "扎*" in html
    assert not any(name in html for name in ("扎西", "云岭合作社", "卓玛", "高山青稞米"))
    letters = letters_of(statement.seal)
    typed = client.get(
        "/check/", {"code": statement.code.lower().replace("-", " "), "letters": letters.lower()}
    )
    assert 'data-genuine="yes"' in typed.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["code", "letters", "both", "empty", "long", "odd"])
def test_check_page_gives_one_answer_to_everything_that_is_not_on_a_paper(statement, client, wrong):
    letters = letters_of(statement.seal)
    other = "2" if letters[0] != "2" else "3"
    code, letters = {
        "code": ("2222-2222-2222", letters),
        "letters": (statement.code, other + letters[1:]),
        "both": ("2222-2222-2222", "22222222"),
        "empty": (statement.code, ""),
        "long": (statement.code, "2" * 9999),
        "odd": (statement.code, "<b>'\x00；' OR 1=1"),
    }[wrong]

    response = client.get("/check/", {"code": code, "letters": letters})

    html = response.content.decode()
    assert response.status_code == 404
    assert 'data-genuine="no"' in html and "62.56" not in html and "扎" not in html
    assert "<b>'" not in html


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payouts_payoutstatement SET net_fen = net_fen + 1, correction_fen = correction_fen + 1"
        " WHERE id = %s",
        "UPDATE payouts_payoutstatement SET payee_name = '卓玛' WHERE id = %s",
        "UPDATE payouts_statementline SET order_number = 'x' WHERE statement_id = %s",
        "UPDATE payouts_statementline SET gross_fen = gross_fen + 1, commission_fen = commission_fen + 1"
        " WHERE statement_id = %s",
        "DELETE FROM payouts_statementline WHERE statement_id = %s",
    ],
)
def test_check_page_rejects_a_statement_that_was_changed_afterwards(statement, client, change):
    path = check_path(statement)
    assert is_unaltered(statement)

    tamper(change, statement.pk)

    assert 'data-genuine="altered"' in client.get(path).content.decode()
    # A new seal over the new words is another paper: the one in the hand is refused.
    tamper("UPDATE payouts_payoutstatement SET seal = %s WHERE id = %s", "0" * 64, statement.pk)
    assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_guessing_is_limited(statement, client, settings):
    cache.clear()
    settings.STATEMENT_CHECKS_PER_HOUR = 3
    answers = [client.get(f"/check/{statement.code}/2222222{digit}/").status_code for digit in "2345"]

    assert answers == [404, 404, 404, 429]
    assert client.get(check_path(statement)).status_code == 429
    assert check_paper(code=statement.code, letters=letters_of(statement.seal)) is not None


@pytest.mark.django_db
def test_farmer_without_a_phone_account_is_sent_sum_and_both_codes(statement, drain_outbox):
    drain_outbox()

    told = Notification.objects.get(dedupe_key=f"statement:{statement.pk}")

    assert "62.56" in told.title
    assert statement.code in told.body and letters_of(statement.seal) in told.body
    assert set(told.deliveries.values_list("channel", flat=True)) == {"inbox", "sms"}
