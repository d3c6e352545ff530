"""One that fails keeps no other waiting."""

from common.errors import MoveRefused
from common.sweeping import sweep_each


def test_each_is_tried_and_those_that_came_to_something_are_counted(caplog):
    tried = []

    def act(number: int) -> bool:
        tried.append(number)
        if number == 2:
            raise MoveRefused()
        if number == 3:
            raise ZeroDivisionError
        return number != 4

    assert sweep_each([1, 2, 3, 4, 5], act, what="thing") == 2
    assert tried == [1, 2, 3, 4, 5]
    assert [(record.levelname, record.args[:2]) for record in caplog.records] == [
        ("WARNING", ("thing", 2)), ("ERROR", ("thing", 3)),
    ]  # fmt: skip
