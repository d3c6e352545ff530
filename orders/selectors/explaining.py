"""Why a line took these lots: the stored decision, and what the rule says of the same inputs today."""

from dataclasses import dataclass

from common.errors import NotFound
from orders.models import Allotment, LotAllocation, OrderLine
from shops.allotting import Offer, read, share_out
from shops.models import AllocationPolicy


@dataclass(frozen=True)
class Explained:
    """One decision: `kept` is what is written (units by lot), `repeated` what its inputs give again."""

    allotment: Allotment
    offers: list[Offer]
    kept: dict[int, int]
    repeated: dict[int, int]
    is_published: bool

    @property
    def agrees(self) -> bool:
        """Whether the rule, which must have been published, gives what is written."""
        return self.is_published and self.kept == self.repeated


@dataclass(frozen=True)
class Explanation:
    """Every decision about a line, and the lots that it has now."""

    line: OrderLine
    decisions: list[Explained]
    allocations: list[LotAllocation]

    @property
    def is_complete(self) -> bool:
        """Whether the line has exactly the units that were bought, or is of a simple listing without lots."""
        units = sum(one.quantity - one.moved for one in self.allocations)
        return units == self.line.quantity or (self.line.term_sheet_id is None and units < self.line.quantity)

    @property
    def agrees(self) -> bool:
        """Whether everything can be reproduced."""
        return self.is_complete and all(one.agrees for one in self.decisions)


def explain(line_id: int) -> Explanation:
    """Repeat every decision about a line from what was written down then; NotFound."""
    line = OrderLine.objects.select_related("order", "variant", "term_sheet").filter(pk=line_id).first()
    if line is None:
        raise NotFound()
    allocations = list(line.allocations.select_related("lot", "farmer").order_by("pk"))
    decisions = []
    for allotment in line.allotments.order_by("pk"):
        offers = read(allotment.offers)
        repeated = share_out(rule=allotment.rule, wanted=allotment.wanted, offers=offers)
        decisions.append(
            Explained(
                allotment=allotment,
                offers=offers,
                kept={one.lot_id: one.quantity for one in allocations if one.allotment_id == allotment.pk},
                repeated={share.lot: share.units for share in repeated if share.units},
                is_published=_is_published(line, allotment),
            )
        )
    return Explanation(line, decisions, allocations)


def _is_published(line: OrderLine, allotment: Allotment) -> bool:
    if allotment.policy_version == 0:
        return line.term_sheet_id is None
    return AllocationPolicy.objects.filter(
        variant=line.variant_id, version=allotment.policy_version, rule=allotment.rule
    ).exists()
