"""A profile after its matrix was expanded and its templates rendered."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.models.marked import Body, Marked, leaves, text_of, unmarked
from runner.source import Span

if TYPE_CHECKING:
    from runner.models.contract.request import TriggerTestSessionRequest
    from runner.models.contract.settings import Settings


class Instance(NamedTuple):
    """One compiled session.

    Attributes:
        name: ``smoke-prod``, or ``smoke-prod[us-east-1]`` for one of a matrix.
        profile: Name of the profile it comes from.
        matrix: Axis names and this instance's values, as text, in the order of the file.
        body: What is sent, with marks (see ``runner.models.marked``).
        own: The runner's own keys, as the file gives them.
        span: Where the profile's name is in the file.
    """

    name: str
    profile: str
    matrix: tuple[tuple[str, str], ...]
    body: Body
    own: Mapping[str, Any]
    span: Span

    @property
    def settings(self) -> "Settings":
        """The runner's own keys, with their defaults."""
        from runner.models.contract.settings import Settings  # noqa: PLC0415 # pydantic

        return Settings.model_validate(self.own)

    @property
    def unset(self) -> tuple[str, ...]:
        """Names that are not set and leave something unresolved: ``env.TOKEN``; sorted."""
        found = (leaf for _, leaf in leaves(self.body) if isinstance(leaf, Marked))
        return tuple(sorted({name for leaf in found for name in leaf.unset}))

    def request(self) -> "TriggerTestSessionRequest":
        """Return the request as the contract has it, secrets in clear: for the wire alone.

        Raises:
            ValueError: Something in it is unresolved.
        """
        from runner.models.contract.request import TriggerTestSessionRequest  # noqa: PLC0415 # pydantic

        if self.unset:
            raise ValueError(f"unresolved: {', '.join(self.unset)}")
        return TriggerTestSessionRequest.model_validate(unmarked(self.body))


def sharing(instances: Iterable[Instance]) -> Iterator[Instance]:
    """Yield ``instances`` with one copy of equal parts of their bodies."""
    parts: dict[str, Any] = {}
    for instance in instances:
        for key, part in instance.body.items():
            if isinstance(part, dict | list):
                instance.body[key] = parts.setdefault(text_of(part), part)
        yield instance
