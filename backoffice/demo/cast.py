"""The rows that the seeding has made, by the keys of the demo's lists."""

from accounts.models import User
from backoffice.demo.steps import Steps
from shops.models import Farmer, Host, Shop, Village


class Cast:
    """People, places and goods of the demo; KeyError for one whose step is not done yet."""

    def __init__(self, steps: Steps):
        self._steps = steps

    def user(self, key: str) -> User:
        """Return a person with an account."""
        return User.objects.get(pk=self._steps.answer(f"person {key}")["user"])

    def address_id(self, key: str) -> int:
        """Return where a buyer's parcels go."""
        return self._steps.answer(f"person {key}")["address"]

    def village(self, key: str) -> Village:
        """Return a village."""
        return Village.objects.get(pk=self._steps.answer(f"village {key}")["village"])

    def shop(self, key: str) -> Shop:
        """Return a shop."""
        return Shop.objects.get(pk=self._steps.answer(f"shop {key}")["shop"])

    def host(self) -> Host:
        """Return the one host."""
        return Host.objects.get(pk=self._steps.answer("host")["host"])

    def farmer(self, key: str) -> Farmer:
        """Return a farmer."""
        return Farmer.objects.get(pk=self._steps.answer(f"farmer {key}")["farmer"])

    def variant_id(self, key: str) -> int:
        """Return the number of what is bought of a product."""
        return self._steps.answer(f"product {key}")["variant"]
