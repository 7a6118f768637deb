"""Limits on the size of values and on the work of expressions."""

from runner.config.templates.expressions.errors import TemplateError

#: No value may be larger: characters of a text; list items and keys count too.
MAX_SIZE = 1 << 20
#: Lists and mappings may be nested this deep.
MAX_DEPTH = 64
#: What one item of a list or mapping counts besides its own size.
ITEM_WEIGHT = 16
#: Whole numbers may have this many bits: 1,233 decimal digits.
MAX_BITS = 4096

#: What one expression may spend, in characters read and written.
BUDGET = 4 << 20
#: What all expressions of a run may spend together, not counting cheap ones: a file of fifty
#: thousand modest expressions is fine, one of a hundred expensive ones is not.
RUN_BUDGET = 256 << 20
CHEAP = 4096
#: What compiling an expression costs: a run may have some 60,000 different ones.
COMPILE_COST = CHEAP + 1


class Meter:
    """A budget of work; an expression pays before it does something.

    Attributes:
        spent: What has been paid so far.
    """

    __slots__ = ("_budget", "_whose", "spent")

    def __init__(self, budget: int = BUDGET, whose: str = "the expression needs") -> None:
        self._budget = budget
        self._whose = whose
        self.spent = 0

    def pay(self, units: int) -> None:
        """Pay for work about to be done; raise a `TemplateError` beyond the budget."""
        self.spent += units
        if self.spent > self._budget:
            raise TemplateError(f"{self._whose} too much work")


def fits(size: int) -> int:
    """Return ``size`` if a value may be this large; else raise a `TemplateError`."""
    if size > MAX_SIZE:
        raise TemplateError("the value would be larger than 1 MiB")
    return size
