"""Bounds the work of expressions: everything pays before it runs."""

from runner.config.templates.expressions.errors import TemplateError
from runner.config.templates.expressions.values import MAX_SIZE

#: What one expression may spend, in characters read and written.
BUDGET = 8 << 20
#: What all expressions of a run may spend together beyond a small change each: a file of
#: fifty thousand modest expressions is fine, one of a hundred expensive ones is not.
RUN_BUDGET = 64 << 20
SMALL_CHANGE = 4096
#: Whole numbers may have so many bits: 1,233 decimal digits.
MAX_BITS = 4096


class Meter:
    """The purse of one expression."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = BUDGET

    def pay(self, units: int) -> None:
        """Pay for work about to be done.

        Raises:
            TemplateError: The expression would do too much.
        """
        self.left -= units
        if self.left < 0:
            raise TemplateError("the expression takes too much work")

    def grow(self, size: int) -> None:
        """Pay for a value of ``size`` about to be made.

        Raises:
            TemplateError: It would be larger than any value may be.
        """
        if size > MAX_SIZE:
            raise TemplateError("the value would be larger than 1 MiB")
        self.pay(size)


class RunMeter:
    """The purse of a whole run, for what its expressions spend beyond small change."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = RUN_BUDGET

    def settle(self, spent: int) -> None:
        """Account for ``spent`` units of one expression or one rendered text.

        Raises:
            TemplateError: All expressions together have done too much.
        """
        if spent > SMALL_CHANGE:
            self.left -= spent
            if self.left < 0:
                raise TemplateError("the expressions of this file take too much work together")
