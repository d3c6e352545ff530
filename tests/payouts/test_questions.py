"""A payee does not agree: the question is kept, the payout waits, an operator answers, the payee is told."""

import pytest
from django.db import IntegrityError, transaction

from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from notifications.models import Notification
from payouts.errors import StatementQuestioned
from payouts.models import PayoutStatement, StatementQuestion
from payouts.selectors.seals import is_unaltered
from payouts.services.paying import approve_payout
from payouts.services.questioning import accept_statement, answer_question, question_statement
from tests.factories.payouts import close_week, make_live_sale, statement_of
from tests.factories.shops import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def statement(market, arun, mei, now) -> PayoutStatement:
    market.farmer.user = make_person(name="扎西")
    market.farmer.save(update_fields=["user"])
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    return statement_of(close_week(shop=market.shop, now=now), farmer=market.farmer)


def test_question_holds_the_payout_until_it_is_answered_and_the_payee_is_told(
    market, statement, operator, farmer_account, now
):
    farmer = market.farmer.user
    question = question_statement(actor=farmer, statement_id=statement.pk, text="  少了\n一箱 ", now=now)

    statement.refresh_from_db()
    assert (statement.status, question.text, question.asked_by) == ("disputed", "少了 一箱", farmer)
    with pytest.raises(StatementQuestioned):
        approve_payout(actor=operator, payout_id=statement.payout.pk, now=now)
    statement.payout.refresh_from_db()
    assert statement.payout.status == "pending"

    answer_question(actor=operator, question_id=question.pk, answer="下期补上", now=now)

    statement.refresh_from_db()
    question.refresh_from_db()
    assert (statement.status, question.answer, question.answered_by) == ("accepted", "下期补上", operator)
    assert is_unaltered(statement)
    told = Notification.objects.get(dedupe_key=f"statement_answered:{question.pk}")
    assert (told.contact, told.body) == (market.farmer.contact, "下期补上")
    audits = AuditEntry.objects.filter(target=f"payoutstatement:{statement.pk}").order_by("pk")
    assert [(audit.action, audit.after["status"]) for audit in audits] == [
        ("payouts.question", "disputed"), ("payouts.answer", "accepted"),
    ]  # fmt: skip
    assert approve_payout(actor=operator, payout_id=statement.payout.pk, now=now).status == "processing"


def test_shop_owner_asks_for_a_farmer_without_an_account(market, statement, mei, now):
    assert question_statement(actor=mei, statement_id=statement.pk, text="斤两不对", now=now).asked_by == mei


def test_questions_are_refused_with_nothing_written(market, statement, operator, zhuoma, zoya, arun, now):
    farmer = market.farmer.user
    for stranger in (zoya, arun, zhuoma, operator):
        with pytest.raises(NotFound):
            question_statement(actor=stranger, statement_id=statement.pk, text="?", now=now)
        with pytest.raises(NotFound):
            accept_statement(actor=stranger, statement_id=statement.pk, now=now)
    for text in ("", " \n ", "x" * 501):
        with pytest.raises(Invalid):
            question_statement(actor=farmer, statement_id=statement.pk, text=text, now=now)
    assert StatementQuestion.objects.count() == 0
    assert PayoutStatement.objects.get(pk=statement.pk).status == "issued"

    question = question_statement(actor=farmer, statement_id=statement.pk, text="?", now=now)
    with pytest.raises(MoveRefused):
        question_statement(actor=farmer, statement_id=statement.pk, text="again", now=now)
    with pytest.raises(MoveRefused):
        accept_statement(actor=farmer, statement_id=statement.pk, now=now)
    with pytest.raises(NotAllowed):
        answer_question(actor=farmer, question_id=question.pk, answer="yes", now=now)
    with pytest.raises(Invalid):
        answer_question(actor=operator, question_id=question.pk, answer=" ", now=now)
    with pytest.raises(NotFound):
        answer_question(actor=operator, question_id=0, answer="yes", now=now)
    answer_question(actor=operator, question_id=question.pk, answer="yes", now=now)
    with pytest.raises(MoveRefused):
        answer_question(actor=operator, question_id=question.pk, answer="no", now=now)

    question.refresh_from_db()
    assert (StatementQuestion.objects.count(), question.answer) == (1, "yes")
    with pytest.raises(IntegrityError), transaction.atomic():
        StatementQuestion.objects.filter(pk=question.pk).update(answered_by=None)


def test_payee_accepts_once_and_cannot_question_afterwards(market, statement, now):
    farmer = market.farmer.user

    for _ in range(2):
        assert accept_statement(actor=farmer, statement_id=statement.pk, now=now).status == "accepted"

    with pytest.raises(MoveRefused):
        question_statement(actor=farmer, statement_id=statement.pk, text="?", now=now)
    assert AuditEntry.objects.filter(action="payouts.accept").count() == 1
    assert StatementQuestion.objects.count() == 0


def test_page_and_admin_carry_a_question_there_and_back(market, statement, operator, client):
    client.force_login(market.farmer.user)
    page = f"/desk/statements/{statement.pk}/"
    assert f'action="{page}question/"' in client.get(page).content.decode()
    client.post(f"{page}question/", {"text": "<b>少了一箱</b>"})
    html = client.get(page).content.decode()
    assert "&lt;b&gt;少了一箱" in html and f'action="{page}question/"' not in html

    client.force_login(operator)
    tasks = client.get("/admin/").context["tasks"]
    assert [task["count"] for task in tasks if "statementquestion" in task["url"]] == [1]
    question = StatementQuestion.objects.get()
    client.post(f"/admin/payouts/statementquestion/{question.pk}/move/answer/", {"answer": "下期补上"})

    client.force_login(market.farmer.user)
    assert "下期补上" in client.get(page).content.decode()
    api = client.get(f"/api/v1/payout-statements/{statement.pk}/").json()
    assert api["status"] == "accepted"
