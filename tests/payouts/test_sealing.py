"""Account numbers are sealed at rest; keys can be changed; nobody reads them by the way."""

import base64
import json

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from common.models import AuditEntry
from payouts.checks import find_problems
from payouts.errors import AccountUnreadable
from payouts.models import PayoutAccountVersion, PayoutRun
from payouts.sealing import newest_prefix, seal, unseal
from payouts.services.banking import make_bank_file
from payouts.services.resealing import reseal_accounts
from tests.factories.payouts import close_week, make_live_sale
from tests.factories.runs import FACTS, make_account, started_run, transfer_of

CARD = FACTS["bank"].detail
OLD, NEW = "A" * 43 + "=", "B" * 43 + "="


def stored() -> list[str]:
    """What is really in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT detail FROM payouts_payoutaccountversion ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db
def test_the_number_is_nowhere_in_clear(farmer_account):
    (sealed,) = stored()
    assert sealed.startswith(newest_prefix()) and CARD not in sealed
    assert unseal(sealed) == CARD
    dumped = serializers.serialize("json", [farmer_account, *PayoutAccountVersion.objects.all()])
    audits = json.dumps([[one.before, one.after, one.reason] for one in AuditEntry.objects.all()])
    for place in (dumped, audits, str(farmer_account), str(farmer_account.current)):
        assert CARD not in place and CARD[4:-4] not in place


def test_each_sealing_is_another_and_an_altered_one_is_refused(settings):
    settings.PAYOUT_ACCOUNT_KEYS = [OLD]
    first, second = seal(CARD), seal(CARD)
    assert first != second and unseal(first) == unseal(second) == CARD
    assert (seal(""), unseal("")) == ("", "")
    head, body = first.rsplit(".", 1)
    raw = bytearray(base64.urlsafe_b64decode(body))
    raw[-1] ^= 1
    spoilt = [
        f"{head}.{base64.urlsafe_b64encode(bytes(raw)).decode()}", f"{head}.", f"{head}.%%", head,
        first.replace("s1.", "s2."), first.replace(".", ".0", 1), CARD,
    ]  # fmt: skip
    for text in spoilt:
        with pytest.raises(AccountUnreadable):
            unseal(text)


@pytest.mark.django_db
def test_the_bank_file_alone_holds_it_in_clear_and_is_audited(market, tallies, farmer_account, operator,
                                                               checker, now):  # fmt: skip
    run = started_run(maker=operator, checker=checker, now=now)

    made = make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)

    assert CARD in made.content.decode()
    audit = AuditEntry.objects.get(action="payouts.make_bank_file")
    assert audit.actor == f"user:{operator.pk}" and CARD not in json.dumps(audit.after)


@pytest.mark.django_db
def test_without_the_key_no_file_is_made_and_nothing_leaves(
    market, tallies, farmer_account, operator, checker, now, settings
):
    run = started_run(maker=operator, checker=checker, now=now)
    settings.PAYOUT_ACCOUNT_KEYS = [NEW]

    with pytest.raises(AccountUnreadable):
        make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)

    assert PayoutRun.objects.get(pk=run.pk).file_made_at is None
    assert transfer_of(run, farmer=market.farmer).status == "ready"
    assert not AuditEntry.objects.filter(action="payouts.make_bank_file").exists()


@pytest.mark.django_db
def test_keys_are_changed_one_after_the_other(market, operator, checker, now, settings, capsys):
    settings.PAYOUT_ACCOUNT_KEYS = [OLD]
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now)
    make_account(payee=market.host, writer=operator, checker=checker, now=now, method="cash")
    before = stored()
    settings.PAYOUT_ACCOUNT_KEYS = [NEW, OLD]
    assert unseal(before[0]) == CARD

    call_command("reseal_payout_accounts")

    assert capsys.readouterr().out.startswith("1 ")
    settings.PAYOUT_ACCOUNT_KEYS = [NEW]
    after = stored()
    assert [unseal(text) for text in after] == [CARD, ""] and after[0] != before[0]
    assert reseal_accounts(now=now) == 0
    audit = AuditEntry.objects.get(action="payouts.reseal_accounts")
    assert audit.after["versions"] == 1 and CARD not in json.dumps(audit.after)


@pytest.mark.django_db
def test_what_no_key_opens_is_not_resealed(farmer_account, settings):
    before = stored()
    settings.PAYOUT_ACCOUNT_KEYS = [NEW]

    with pytest.raises(CommandError):
        call_command("reseal_payout_accounts")

    assert stored() == before


@pytest.mark.django_db
def test_the_database_lets_nothing_but_a_seal_be_renewed(farmer_account):
    refused = [
        "UPDATE payouts_payoutaccountversion SET detail = 's1.x.y'",
        "SET LOCAL payouts.resealing = 'on'; UPDATE payouts_payoutaccountversion SET holder = 'x'",
        "SET LOCAL payouts.resealing = 'on'; UPDATE payouts_payoutaccountversion SET detail = ''",
        "SET LOCAL payouts.resealing = 'on'; DELETE FROM payouts_payoutaccountversion",
    ]
    before = stored()
    for statement in refused:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert stored() == before


@pytest.mark.django_db
def test_an_operator_sees_it_by_saying_why_only(client, farmer_account, operator):
    client.force_login(operator)
    page = f"/admin/payouts/payoutaccountversion/{farmer_account.current_id}"
    for path in (f"{page}/change/", "/admin/payouts/payoutaccountversion/",
                 f"/admin/payouts/payoutaccount/{farmer_account.pk}/change/"):  # fmt: skip
        shown = client.get(path)
        assert shown.status_code == 200
        assert CARD not in shown.content.decode() and stored()[0] not in shown.content.decode()

    revealed = client.post(f"{page}/reveal/", {"reason": "the bank asks"})

    assert CARD in revealed.content.decode()
    assert AuditEntry.objects.get(action="admin.reveal").reason == "the bank asks"


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ([], "E005"),
        (["short"], "E006"),
        ([base64.b64encode(bytes(16)).decode()], "E006"),
        (["ä"], "E006"),
    ],
)
def test_keys_that_cannot_be_are_named_without_their_text(settings, keys, code):
    settings.PAYOUT_ACCOUNT_KEYS = keys

    found = find_problems()

    assert [each for each, _words in found] == [f"payouts.{code}"]
    assert not any(key in found[0][1] for key in keys)


@pytest.mark.django_db(transaction=True)
def test_the_migration_seals_old_rows_and_can_go_back(market, arun, mei, operator, checker, now):
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    close_week(shop=market.shop, now=now)
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now)
    make_account(payee=market.host, writer=operator, checker=checker, now=now, method="cash")
    migrations = MigrationExecutor(connection).loader.graph.leaf_nodes("payouts")
    try:
        MigrationExecutor(connection).migrate([("payouts", "0009_entry_is_the_key")])
        assert stored() == [CARD, ""]
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("UPDATE payouts_payoutaccountversion SET holder = 'x'")

        MigrationExecutor(connection).migrate([("payouts", "0010_sealed_accounts")])

        assert stored()[0].startswith(newest_prefix()) and stored()[1] == ""
        assert unseal(stored()[0]) == CARD
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("UPDATE payouts_payoutaccountversion SET holder = 'x'")
    finally:
        MigrationExecutor(connection).migrate(migrations)
