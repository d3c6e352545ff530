"""A payee does not agree with a tally; an operator answers, and the next tally puts right what was wrong."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.moves import check_move
from payouts.models import PayoutStatement, StatementQuestion
from payouts.services.telling import tell_answered
from payouts.statuses import STATEMENT_MOVES, StatementStatus

LONGEST = 500


@transaction.atomic
def question_statement(*, actor: User, statement_id: int, text: str, now: datetime) -> StatementQuestion:
    """Note what a payee, or the shop that prints for them, does not agree with; the payout waits meanwhile.

    NotFound for a stranger's tally, Invalid without words, MoveRefused while another question is open and
    once the tally was accepted.
    """
    said = _words(text, "text")
    statement = _locked(PayoutStatement.objects.visible_to(actor), statement_id)
    before = _move(statement, StatementStatus.DISPUTED)
    question = StatementQuestion.objects.create(statement=statement, asked_by=actor, text=said, asked_at=now)
    _audit(actor, "payouts.question", statement, before, said, now)
    return question


@transaction.atomic
def accept_statement(*, actor: User, statement_id: int, now: datetime) -> PayoutStatement:
    """Note that the payee agrees; repeating it changes nothing. NotFound, MoveRefused while it is questioned.

    A payee without an account says so to the shop that prints for them.
    """
    statement = _locked(PayoutStatement.objects.visible_to(actor), statement_id)
    if statement.status == StatementStatus.ACCEPTED:
        return statement
    if statement.status == StatementStatus.DISPUTED:
        raise MoveRefused()
    before = _move(statement, StatementStatus.ACCEPTED)
    _audit(actor, "payouts.accept", statement, before, "", now)
    return statement


@transaction.atomic
def answer_question(*, actor: User, question_id: int, answer: str, now: datetime) -> StatementQuestion:
    """Answer a question; the tally counts as accepted, the payee is told, the payout goes on.

    A tally is never changed: what was wrong is corrected in the book and stands in the next one.
    NotAllowed for others than operators, NotFound, Invalid without words, MoveRefused when it was answered.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    said = _words(answer, "answer")
    found = StatementQuestion.objects.filter(pk=question_id).first()
    if found is None:
        raise NotFound()
    statement = _locked(PayoutStatement.objects.all(), found.statement_id)
    question = StatementQuestion.objects.get(pk=question_id)
    if question.answered_at is not None:
        raise MoveRefused()
    question.answer, question.answered_by, question.answered_at = said, actor, now
    question.save(update_fields=["answer", "answered_by", "answered_at"])
    before = _move(statement, StatementStatus.ACCEPTED)
    _audit(actor, "payouts.answer", statement, before, said, now)
    tell_answered(question=question, now=now)
    return question


def _locked(statements, statement_id: int) -> PayoutStatement:
    # The scope first: it joins and names rows once, which PostgreSQL cannot lock.
    if not statements.filter(pk=statement_id).exists():
        raise NotFound()
    return PayoutStatement.objects.select_for_update().get(pk=statement_id)


def _move(statement: PayoutStatement, target: str) -> str:
    before = statement.status
    check_move(STATEMENT_MOVES, before, target)
    statement.status = target
    statement.save(update_fields=["status"])
    return before


def _words(text: str, field: str) -> str:
    said = " ".join(text.split())
    if not said or len(said) > LONGEST:
        raise Invalid(fields={field: Invalid.message})
    return said


def _audit(
    actor: User, action: str, statement: PayoutStatement, before: str, reason: str, now: datetime
) -> None:
    record(
        actor=actor_of(actor),
        action=action,
        target=f"payoutstatement:{statement.pk}",
        before={"status": before},
        after={"status": statement.status},
        reason=reason[:200],
        now=now,
    )
