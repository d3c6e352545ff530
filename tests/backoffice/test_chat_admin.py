"""Operators in the chat: every move with a reason, audited; the log is for reading."""

import pytest

from common.models import AuditEntry
from livestreams.models import BlockedWord, ChatMessage, ModerationAction, SessionModerator
from livestreams.selectors import is_banned
from tests.factories.livestreams import NOW, make_session


@pytest.fixture
def line(market, arun, valkey) -> ChatMessage:
    session = make_session(host=market.host, shop=market.shop)
    return ChatMessage.objects.create(
        session=session, author=arun, text="www.example.com", status="held", created_at=NOW
    )


@pytest.fixture
def admin(client, operator):
    client.force_login(operator, backend="accounts.backends.IdentifierBackend")
    return client


def move(admin, thing, name, reason="看过了"):
    model = type(thing)._meta.model_name
    return admin.post(f"/admin/livestreams/{model}/{thing.pk}/move/{name}/", {"reason": reason})


@pytest.mark.parametrize(("name", "status"), [("show", "visible"), ("hide", "hidden")])
def test_lines_are_shown_and_hidden_with_a_reason(admin, line, operator, name, status):
    assert move(admin, line, name, reason="").status_code == 200
    assert not ModerationAction.objects.exists()

    assert move(admin, line, name).status_code == 302

    line.refresh_from_db()
    assert line.status == status
    action = ModerationAction.objects.get()
    assert (action.kind, action.moderator, action.reason) == (name, operator, "看过了")
    entry = AuditEntry.objects.get(action=f"livestreams.{name}_message")
    assert (entry.before, entry.after) == ({"status": "held"}, {"status": status})


def test_a_ban_by_the_operator_dismisses_a_moderator_and_can_be_lifted(admin, line, arun):
    SessionModerator.objects.create(session=line.session, user=arun, created_at=NOW)

    assert move(admin, line, "ban").status_code == 302

    assert is_banned(session_id=line.session_id, person_id=arun.pk)
    assert not SessionModerator.objects.exists()
    ban = ModerationAction.objects.get(kind="ban")
    assert move(admin, ban, "lift").status_code == 302
    assert not is_banned(session_id=line.session_id, person_id=arun.pk)
    entries = AuditEntry.objects.filter(action__startswith="livestreams.").order_by("pk")
    assert [entry.action for entry in entries] == ["livestreams.ban", "livestreams.unban"]


def test_a_host_is_not_banned_from_their_own_show(admin, line, zhuoma):
    line.author = zhuoma
    line.save(update_fields=["author"])

    assert move(admin, line, "ban").status_code == 200
    assert not ModerationAction.objects.exists()


def test_the_log_is_for_reading(admin, line, operator):
    action = ModerationAction.objects.create(
        session=line.session, kind="hide", moderator=operator, message=line, reason="x", created_at=NOW
    )
    change = f"/admin/livestreams/moderationaction/{action.pk}/change/"

    assert admin.get(change).status_code == 200
    assert admin.post(change, {"reason": "y"}).status_code == 403
    assert (
        admin.post(f"/admin/livestreams/moderationaction/{action.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )
    action.refresh_from_db()
    assert action.reason == "x"


def test_operators_block_words_everywhere(admin, operator):
    add = "/admin/livestreams/blockedword/add/"
    assert admin.get(add).status_code == 200

    answer = admin.post(add, {"lines": "假货\n騙子", "reaction": "refuse"})

    assert answer.status_code == 302
    words = BlockedWord.objects.order_by("pk")
    assert [(one.text, one.folded, one.shop, one.created_by) for one in words] == [
        ("假货", "假货", None, operator), ("騙子", "骗子", None, operator),
    ]  # fmt: skip
    word = words[0]
    assert admin.get(f"/admin/livestreams/blockedword/{word.pk}/change/").status_code == 200
    assert move(admin, word, "remove")["Location"].endswith("/blockedword/")
    assert [one.text for one in BlockedWord.objects.all()] == ["騙子"]
    assert AuditEntry.objects.get(action="livestreams.unblock_word").reason == "看过了"


def test_words_that_cannot_be_compared_are_said(admin):
    answer = admin.post("/admin/livestreams/blockedword/add/", {"lines": "！！！", "reaction": "hold"})

    assert answer.status_code == 200
    assert not BlockedWord.objects.exists()
