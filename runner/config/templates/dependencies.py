"""Find what feeds a template, once for each text and once for each set of names."""

from collections.abc import Iterable
from typing import NamedTuple

from runner.config.templates.scope import Scope
from runner.config.templates.template import parse_template


class Feed(NamedTuple):
    """The names a template depends on.

    Attributes:
        names: Everything that feeds it, also through variables, such as ``var.host``.
        outside: The names whose values come from outside the file.
        is_volatile: Whether one of them differs from run to run.
    """

    names: frozenset[str]
    outside: frozenset[str]
    is_volatile: bool


#: The feed of a text that is not a template.
NOTHING = Feed(frozenset(), frozenset(), False)


class Feeds:
    """The feeds of all templates; texts and names recur from profile to profile."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._of_text: dict[str, Feed] = {}
        self._of_names: dict[frozenset[str], Feed] = {}

    def of(self, text: str) -> Feed:
        """Return the feed of a whole text.

        Raises:
            TemplateError: It is not a valid template.
        """
        feed = self._of_text.get(text)
        if feed is None:
            feed = self._of_text[text] = self.of_names(parse_template(text).names)
        return feed

    def of_names(self, read: Iterable[str]) -> Feed:
        """Return the feed of a template that reads these names."""
        read = frozenset(read)
        feed = self._of_names.get(read)
        if feed is None:
            scope = self._scope
            names = frozenset().union(*map(scope.closure, read))
            feed = self._of_names[read] = Feed(
                names,
                frozenset(
                    name for name in names if name.startswith("env.") or scope.is_external(name)
                ),
                any(map(scope.is_volatile, names)),
            )
        return feed
