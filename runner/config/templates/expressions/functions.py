"""A filter, test or method as data: what it takes, what it says of itself, how it is called."""

from collections.abc import Callable, Mapping, Sequence
from inspect import CO_VARARGS
from typing import Any

from runner.config.templates.expressions.errors import TemplateError, fail_unknown
from runner.config.templates.expressions.meter import Meter
from runner.config.templates.expressions.values import Unset, Value, kind_of, size_of

#: What an annotation of a function's parameter takes, in the words of the diagnostics.
_KINDS: dict[object, tuple[str, tuple[type, ...]]] = {
    str: ("text", (str,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
    bool: ("true or false", (bool,)),
    list[Any]: ("a list", (list,)),
    dict[str, Any]: ("a mapping", (dict,)),
    list[Any] | str: ("a list or text", (list, str)),
    list[Any] | dict[str, Any]: ("a list or a mapping", (list, dict)),
    list[Any] | dict[str, Any] | str: ("a list, a mapping or text", (list, dict, str)),
    int | str: ("a whole number or text", (int, str)),
    float | str: ("a number or text", (int, float, str)),
    str | None: ("text", (str, type(None))),
    int | None: ("a whole number", (int, type(None))),
    float | None: ("a number", (int, float, type(None))),
}


class Function:
    """One entry of the tables `FILTERS`, `TESTS` and `METHODS`.

    Attributes:
        name: As it is written in an expression.
        parameters: The names of what it takes besides the value it is applied to.
        takes_unset: Whether it may be applied to a name that is not set.
    """

    __slots__ = ("_checks", "_defaults", "_rest", "_run", "name", "parameters", "takes_unset")

    def __init__(self, name: str, run: Callable[..., Value], *, takes_unset: bool = False) -> None:
        """Describe a function.

        Args:
            name: As it is written in an expression.
            run: What it does: called with the meter, the value it is applied to, and the
                arguments. Its annotations say what it takes.
            takes_unset: Whether it may be applied to a name that is not set.
        """
        code = run.__code__
        names = code.co_varnames[1 : code.co_argcount]
        self.name = name
        self.parameters = names[1:]
        self.takes_unset = takes_unset
        self._run = run
        self._defaults: tuple[Value, ...] = run.__defaults__ or ()
        rest = code.co_flags & CO_VARARGS
        self._rest = code.co_varnames[code.co_argcount] if rest else None
        self._checks = {each: _KINDS.get(run.__annotations__[each]) for each in names}

    @property
    def summary(self) -> str:
        """What it does, in one sentence."""
        return self._run.__doc__ or ""

    @property
    def usage(self) -> str:
        """How it is written: ``replace(old, new, count=-1)``."""
        required = len(self.parameters) - len(self._defaults)
        written = list(self.parameters[:required])
        for name, default in zip(self.parameters[required:], self._defaults, strict=True):
            written.append(f"{name}={_literal(default)}")
        if self._rest:
            written.append(f"{self._rest}…")
        return f"{self.name}({', '.join(written)})" if written else self.name

    def call(
        self,
        meter: Meter,
        value: Value,
        args: Sequence[Value],
        named: Mapping[str, Value],
        offset: int,
    ) -> Value:
        """Apply it to ``value``.

        Raises:
            TemplateError: It does not take these, or they are too large for it.
        """
        self._check_arguments(args, named, offset)
        weight = 0
        for name, given in zip(self._checks, (value, *args), strict=False):
            self._check(name, given, offset)
        for name, given in named.items():
            self._check(name, given, offset)
        for given in (value, *args, *named.values()):
            weight += _weight(given)
        meter.pay(weight)
        try:
            result = self._run(meter, value, *args, **named)
        except TemplateError as error:
            raise error.moved(offset) from None
        except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError):
            # The error's own text may quote the value.
            raise TemplateError(f"{self.name} can't work with these values", offset) from None
        meter.pay(_weight(result))
        return result

    def _check_arguments(
        self, args: Sequence[Value], named: Mapping[str, Value], offset: int
    ) -> None:
        for name in named:
            if name not in self.parameters:
                fail_unknown(f"argument of {self.name},", name, self.parameters, offset)
        given = self.parameters[: len(args)]
        required = self.parameters[len(args) : len(self.parameters) - len(self._defaults)]
        if (
            (len(args) > len(self.parameters) and not self._rest)
            or any(name in given for name in named)
            or any(name not in named for name in required)
        ):
            raise TemplateError(
                f"{self.name} does not take these arguments", offset, f"it is used as {self.usage}"
            )

    def _check(self, parameter: str, value: Value, offset: int) -> None:
        check = self._checks[parameter]
        if check is None:
            return
        wanted, types = check
        if isinstance(value, types) and (type(value) is not bool or bool in types):
            return
        what = f"{parameter} of {self.name}" if parameter in self.parameters else self.name
        raise TemplateError(f"{what} takes {wanted}, and this is {kind_of(value)}", offset)


def table(*functions: Function) -> dict[str, Function]:
    """The functions under their names."""
    return {function.name: function for function in functions}


def _weight(value: Value) -> int:
    if type(value) is str:
        return len(value)
    return 0 if isinstance(value, Unset) else size_of(value)


def _literal(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    return repr(value)
