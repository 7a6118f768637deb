"""A filter, test or method as data: what it takes, what it says of itself, how it is called."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from runner.config.expressions.errors import TemplateError, fail_unknown
from runner.config.expressions.meter import Meter
from runner.config.expressions.values import Unset, Value, kind_of, size_of

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
}


@dataclass(frozen=True, slots=True)
class Function:
    """One entry of the tables `FILTERS`, `TESTS` and `METHODS`.

    Attributes:
        name: As it is written in an expression.
        run: What it does: called with the meter, the value it is applied to, and arguments.
        takes_unset: Whether it may be applied to a name that is not set.
    """

    name: str
    run: Callable[..., Value]
    takes_unset: bool = False

    @property
    def summary(self) -> str:
        """What it does, in one sentence."""
        return inspect.getdoc(self.run) or ""

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """Its parameters, beginning with the value it is applied to."""
        return list(_signature(self.run).parameters.values())[1:]

    @property
    def usage(self) -> str:
        """How it is written: ``replace(old, new, count=-1)``."""
        written = []
        for parameter in self.parameters[1:]:
            text = parameter.name
            if parameter.kind is parameter.VAR_POSITIONAL:
                text = f"{text}…"
            elif parameter.default is not parameter.empty:
                text = f"{text}={_literal(parameter.default)}"
            written.append(text)
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
        try:
            bound = _signature(self.run).bind(meter, value, *args, **named)
        except TypeError:
            unknown = set(named) - {parameter.name for parameter in self.parameters}
            if unknown:
                known = [parameter.name for parameter in self.parameters[1:]]
                fail_unknown(f"argument of {self.name},", min(unknown), known, offset)
            raise TemplateError(
                f"{self.name} does not take these arguments", offset, f"it is used as {self.usage}"
            ) from None
        for parameter in self.parameters:
            if parameter.name in bound.arguments and parameter.kind is not parameter.VAR_POSITIONAL:
                self._check(parameter, bound.arguments[parameter.name], offset)
        meter.pay(_weight(value) + sum(map(_weight, args)) + sum(map(_weight, named.values())))
        try:
            result = self.run(*bound.args, **bound.kwargs)
            meter.pay(_weight(result))
        except TemplateError as error:
            raise error.moved(offset) from None
        except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError):
            # The error's own text may quote the value.
            raise TemplateError(f"{self.name} can't work with these values", offset) from None
        return result

    def _check(self, parameter: inspect.Parameter, value: Value, offset: int) -> None:
        if parameter.annotation not in _KINDS:
            return
        wanted, types = _KINDS[parameter.annotation]
        if isinstance(value, types) and (not isinstance(value, bool) or bool in types):
            return
        what = self.name if parameter.name == "value" else f"{parameter.name} of {self.name}"
        raise TemplateError(f"{what} takes {wanted}, and this is {kind_of(value)}", offset)


@cache
def _signature(run: Callable[..., Value]) -> inspect.Signature:
    return inspect.signature(run)


def table(*functions: Function) -> dict[str, Function]:
    """The functions under their names."""
    return {function.name: function for function in functions}


def _weight(value: Value) -> int:
    return 0 if isinstance(value, Unset) else size_of(value)


def _literal(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    return repr(value)
