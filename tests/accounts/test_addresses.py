import threading

import pytest
from django.db import connections

from accounts.errors import TooManyAddresses
from accounts.models import Address, Contact
from accounts.selectors import default_address, get_address
from accounts.services.addresses import delete_address, save_address
from accounts.services.contacts import contact_of
from common.errors import Invalid, NotFound
from tests.factories.accounts import make_address, make_user


@pytest.mark.django_db
def test_the_first_address_is_the_default_and_a_later_one_takes_over():
    arun = make_user()

    first = make_address(user=arun)
    second = make_address(user=arun)
    third = make_address(user=arun, is_default=True)

    assert default_address(arun) == third
    assert list(Address.objects.filter(is_default=True)) == [third]
    save_address(user=arun, data={"is_default": True}, address=second)
    assert default_address(arun) == second
    first.refresh_from_db()
    assert first.is_default is False


@pytest.mark.django_db
def test_when_the_default_goes_the_newest_takes_its_place():
    arun = make_user()
    first, _second, third = (make_address(user=arun) for _number in range(3))

    delete_address(user=arun, address_id=first.pk)

    assert default_address(arun) == third
    assert Address.objects.filter(is_default=True).count() == 1


@pytest.mark.django_db
def test_taking_the_default_off_leaves_it_until_another_has_it():
    arun = make_user()
    address = make_address(user=arun)

    save_address(user=arun, data={"is_default": False}, address=address)

    assert default_address(arun).is_default is True


@pytest.mark.django_db
def test_a_stranger_finds_changes_and_deletes_nothing():
    arun, zoya = make_user(), make_user(phone="13900000004")
    address = make_address(user=arun)

    for attempt in (
        lambda: get_address(user=zoya, address_id=address.pk),
        lambda: save_address(user=zoya, data={"detail": "mine"}, address=address),
        lambda: delete_address(user=zoya, address_id=address.pk),
        lambda: get_address(user=arun, address_id=0),
        lambda: get_address(user=arun, address_id=10**30),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert get_address(user=arun, address_id=address.pk).detail == "幸福路 8 号"


@pytest.mark.django_db
def test_a_bad_phone_or_a_full_book_saves_nothing():
    arun = make_user()
    with pytest.raises(Invalid):
        make_address(user=arun, phone="12345")
    assert Address.objects.count() == 0

    for _number in range(20):
        make_address(user=arun)
    with pytest.raises(TooManyAddresses):
        make_address(user=arun)
    assert Address.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_ten_phones_choose_a_default_at_once_and_one_stays():
    arun = make_user()
    addresses = [make_address(user=arun) for _number in range(10)]
    start = threading.Barrier(10)
    failures = []

    def choose(address: Address) -> None:
        try:
            start.wait()
            save_address(user=arun, data={"is_default": True}, address=address)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=choose, args=[address]) for address in addresses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert Address.objects.filter(user=arun, is_default=True).count() == 1


@pytest.mark.django_db
def test_a_contact_follows_the_account():
    arun = make_user(phone="13912345678")

    first = contact_of(arun)
    arun.display_name, arun.email, arun.language = "阿润", "arun@example.com", "en"
    second = contact_of(arun)

    assert first.name == "139****5678"
    assert first.pk == second.pk
    assert (second.name, second.phone, second.email, second.language) == (
        "阿润",
        "13912345678",
        "arun@example.com",
        "en",
    )
    assert Contact.objects.count() == 1
