import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped] # a yardstick
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runner.config.formatting import formatter
from runner.config.formatting.formatter import difference, format_text
from runner.config.formatting.layout import Layout
from runner.diagnostics import Diagnostics
from runner.source import Source


def formatted(text: str) -> str:
    diagnostics = Diagnostics()
    new = format_text(Source("file.yaml", text), diagnostics)
    assert not list(diagnostics), [found.message for found in diagnostics]
    assert new is not None
    return new


def refused(text: str) -> list[str]:
    diagnostics = Diagnostics()
    assert format_text(Source("file.yaml", text), diagnostics) is None
    return [f"{found.span} {found.code}" for found in diagnostics]


MESSY = """\
# yaml-language-server: $schema=x

version:   1   # one


variables: &vars    # hosts
    # the host
    host: "www.example.com"     # end
    hex: 0x1F
    version: 1.10
    nothing: ~
    null: null
    empty:
    # before defaults
defaults:
      runLocation:   eu-west-1
      retryStrategy: {type: LINEAR,   baseBackoffSeconds: 10,
           maxRetries: 2}
x-unused: &unused {a: 1}
profiles:
  # smoke
  smoke:
      <<: *vars
      target:
        matchTags:
        # group
        - [production, smoke]      # inside

        # second
        -   - critical
            - "!flaky"
      text: |   # block
          # no comment
            deeper

      long: %s
      # end of smoke
  other:
    extends:    smoke
# the end
"""

TIDY = """\
# yaml-language-server: $schema=x

version: 1  # one


variables: &vars  # hosts
  # the host
  host: "www.example.com"  # end
  hex: 0x1F
  version: 1.10
  nothing: ~
  null: null
  empty:
# before defaults
defaults:
  runLocation: eu-west-1
  retryStrategy: {type: LINEAR, baseBackoffSeconds: 10, maxRetries: 2}
x-unused: &unused {a: 1}
profiles:
  # smoke
  smoke:
    <<: *vars
    target:
      matchTags:
        # group
        - [production, smoke]  # inside

        # second
        - - critical
          - "!flaky"
    text: |  # block
      # no comment
        deeper

    long: %s
    # end of smoke
  other:
    extends: smoke
# the end
"""

LONG = "word " * 40 + "end"


def test_a_messy_file_becomes_tidy() -> None:
    messy = MESSY.replace("    # before", "# before")
    assert formatted(messy % LONG) == TIDY % LONG


def test_a_tidy_file_stays() -> None:
    assert formatted(TIDY % LONG) == TIDY % LONG


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1", "a: 1\n"),
        ("a: 1\n\n\n", "a: 1\n"),
        ("a: 1   \nb: 'x'\t\n", "a: 1\nb: 'x'\n"),
        ("a: |+\n   x\n\n", "a: |+\n  x\n\n"),
        ("a: |+\n   x # y\n\n# z\nb: 1\n", "a: |+\n  x # y\n\n# z\nb: 1\n"),
        ("a: >+\n   x\n\n\n# z\n", "a: >+\n  x\n\n\n# z\n"),
        ("---\na: 1\n", "---\na: 1\n"),
        ("a: 1\r\nb:\r\n    - c # x\r\n", "a: 1\r\nb:\r\n  - c # x\r\n"),
        ("a: 1 # x\nb: 2    # y\nc: 3\t# z\n", "a: 1 # x\nb: 2  # y\nc: 3  # z\n"),
        ("a:\n- b\n- c\n", "a:\n  - b\n  - c\n"),
        ("a:\n  # only a comment\nb: 1\n", "a:\n  # only a comment\nb: 1\n"),
        ("a:\n    b: 1\n    # in a\nc: 2\n", "a:\n  b: 1\n  # in a\nc: 2\n"),
        ("a:\n    b: 1\n# of c\nc: 2\n", "a:\n  b: 1\n# of c\nc: 2\n"),
        ("a: one\n   two\n", "a: one two\n"),
        ("a: [x,\n  y]\n", "a: [x, y]\n"),
        ("a: {b: 1,c: [2]}\n", "a: {b: 1, c: [2]}\n"),
        ("a: [env:prod, 'x']\n", "a: [env:prod, 'x']\n"),
        ("a: {{HANDLEBARS}: 1}\n", None),
        ("a: $<env.X>  # {{x}}\n", "a: $<env.X>  # {{x}}\n"),
        ("a: &x 1\nb: *x\n", "a: &x 1\nb: *x\n"),
        ("a: !!str 5\n", "a: !!str 5\n"),
        ("a: [{v: a}, {b: 1,c: 2}, {}, [ ]]\n", "a: [{v: a}, {b: 1, c: 2}, {}, []]\n"),
        ("a: [b: c]\n", "a: [{b: c}]\n"),
        ("a: {b: , c, 'd':1}\n", "a: {b: , c, 'd': 1}\n"),
        ("a: [x,  # why\n  y]\n", "a: [\n  x,  # why\n  y\n  ]\n"),
        ("a: [ # all\n  x\n  # last\n  ]\n", "a: [ # all\n  x\n  # last\n  ]\n"),
        (
            "a: {b: 1 # one\n, c: [2,\n 3], # two\n\n d:\n # three\n 4}\n",
            "a: {\n  b: 1, # one\n  c: [2, 3], # two\n\n  d:\n    # three\n    4\n  }\n",
        ),
        ("- x\n", None),
        ("a:\n  {x: :x}\n", 'a: {x: ":x"}\n'),
        ("a: [x,# c\n  y]\n", "a: [\n  x,  # c\n  y\n  ]\n"),
        ("a:\t1\nb:\t\t[x]\t# c\n", "a: 1\nb: [x]  # c\n"),
        ('a: "\\u200b\\u202e\\u00a0\\x41"\n', 'a: "\\u200b\\u202e\\u00a0\\x41"\n'),
        ("a: 'one\n   two'\nb: \"x\\\n   y\"\n", "a: 'one two'\nb: \"x\\\n  y\"\n"),
        ("a: one\n\n     two\n", "a: one\n\n  two\n"),
        ("a:\n  one\nb:  # c\n  two\n", "a: one\nb:  # c\n  two\n"),
        ("a: # x\n   # y\n    b: 1\n", "a: # x\n  # y\n  b: 1\n"),
        ("a:\n-\n  b: 1\n  c: 2\n- # d\n  e: 3\n", "a:\n  - b: 1\n    c: 2\n  - # d\n    e: 3\n"),
        ("a: &x   # c\n    b: 1\nc: !!map\n  d: 1\n", "a: &x  # c\n  b: 1\nc: !!map\n  d: 1\n"),
        ("? a\n: b\n", "a: b\n"),
        ("? a # c\n: b\n", "a: b # c\n"),
        ("a: &k b\n*k : c\n", "a: &k b\n*k : c\n"),
        ("a: |1\n  x\n y\n", "a: |2\n   x\n  y\n"),
        ("a: |4-\n    x\n", "a: |-\n  x\n"),
        ("a: |\n  x\n   \nb: 1\n", "a: |\n  x\n   \nb: 1\n"),
        (
            "a: >\n   one\n     two\n\n   three\n\n\nb: 1\n",
            "a: >\n  one\n    two\n\n  three\n\n\nb: 1\n",
        ),
        ("a: |+\n x\n\nb: |\n\n  y\n", "a: |+\n  x\n\nb: |\n\n  y\n"),
        ("a: |\n    x\n  # c\nb: 1\n", "a: |\n  x\n# c\nb: 1\n"),
        ("%YAML 1.2 # v\n--- # d\na: 1\n...\n# e\n", "%YAML 1.2 # v\n--- # d\na: 1\n# e\n"),
        ("---  {a: 1}\n", "---\n{a: 1}\n"),
        ("# c\n\n---\na: 1\n", "# c\n\n---\na: 1\n"),
        ("{a: 1, # c\n b: 2}\n", "{\n  a: 1, # c\n  b: 2\n  }\n"),
        ("a#b: c#d\n", "a#b: c#d\n"),
        ("a:\n- |- # c\n  x\n# d\n- y\n", "a:\n  - |- # c\n    x\n  # d\n  - y\n"),
        (
            "a:\n  - b: >-\n      x\n    # own\n    c: 1\n",
            "a:\n  - b: >-\n      x\n    # own\n    c: 1\n",
        ),
    ],
)
def test_layouts(text: str, expected: str | None) -> None:
    if expected is None:
        assert refused(text)
    else:
        assert formatted(text) == expected
        assert formatted(expected) == expected


def test_long_lists_in_brackets_are_broken_and_stay_so() -> None:
    text = "a: [" + ", ".join(f"number-{i}" for i in range(40)) + "]\n"
    new = formatted(text)
    assert max(map(len, new.splitlines())) < 115
    assert formatted(new) == new


def test_a_file_with_errors_is_not_formatted() -> None:
    assert refused("a: 1\na: 2\nb: [\n") == [
        "file.yaml:2:1 duplicate-key",
        "file.yaml:4:1 yaml-syntax",
    ]


def test_a_warning_does_not_stop_it() -> None:
    diagnostics = Diagnostics()
    assert format_text(Source("f", "%YAML 1.1\n---\na: yes\n"), diagnostics)
    assert [found.code for found in diagnostics] == ["yaml-version"]


def test_the_difference_is_a_unified_diff() -> None:
    assert difference("f.yaml", "a:   1\nb: 2", "a: 1\nb: 2\n") == (
        "--- f.yaml (as it is)\n+++ f.yaml (formatted)\n@@ -1,2 +1,2 @@\n"
        "-a:   1\n-b: 2\n+a: 1\n+b: 2\n"
    )
    assert difference("f.yaml", "a: 1\n", "a: 1\n") == ""


SCALARS = st.sampled_from(
    ["x", "1", "1.10", "0x1F", "no", "~", "null", "''", '"q # x"', "'it''s'", "a#b", "$<env.X>",
     "https://x/y?z=1", "é 😀", "two words", "env:prod", "-x", "2026-01-01", '"\\n"', "&n1 v"]
)  # fmt: skip
KEYS = ["a", "b", "c-d", "'e f'", "1", "no"]


ROOT = Path(__file__).parents[3]
EXAMPLES = [ROOT / "checkly-sessions.yaml", *sorted(ROOT.glob("examples/**/*.yaml"))]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_examples_are_formatted_and_keep_their_meaning_in_any_case(path: Path) -> None:
    text = path.read_text("utf-8")
    assert formatted(text) == text
    looser = text.replace(" #", "     #").replace("\n\n", "\n  \n")
    assert Layout(formatted(looser)).meaning == Layout(text).meaning


@dataclass
class Writer:
    """Writes a value the way a careless person might."""

    draw: st.DrawFn

    def comment(self) -> str:
        return self.draw(st.sampled_from(["", "", "", " # c", "   # c: [x]"]))

    def loose(self, margin: str) -> str:
        return self.draw(
            st.sampled_from(
                ["", "", "", "\n", f"{margin}# own\n", "# left\n", f"\n{margin}# own\n\n"]
            )
        )

    def flow(self, depth: int) -> str:
        if depth > 3 or self.draw(st.booleans()):
            return self.draw(SCALARS.filter(lambda text: "&" not in text))
        if self.draw(st.booleans()):
            items = [self.flow(depth + 1) for _ in range(self.draw(st.integers(0, 3)))]
            return (
                "["
                + self.draw(
                    st.sampled_from(
                        [",", ", ", ",\n             ", ", # c\n             ", "\n # c\n\n   , "]
                    )
                ).join(items)
                + "]"
            )
        keys = self.draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3))
        return "{" + ", ".join(f"{key}: {self.flow(depth + 1)}" for key in keys) + " }"

    def value(self, indent: int, depth: int) -> str:
        """What follows `key:`, up to and with the end of the line."""
        kind = self.draw(st.integers(0, 6))
        deeper = indent + self.draw(st.integers(1, 4))
        margin = " " * deeper
        if kind == 0 and depth < 4:
            return f"{self.comment()}\n{self.mapping(deeper, depth + 1)}"
        if kind == 1 and depth < 4:
            dash = indent + self.draw(st.integers(0, 3))
            return f"{self.comment()}\n{self.sequence(dash, depth + 1)}"
        if kind == 2:
            return f" {self.flow(0)}{self.comment()}\n"
        if kind == 3:
            head = self.draw(st.sampled_from(["|", ">", "|-", ">-", "|+"]))
            return f" {head}{self.comment()}\n{margin}text # t\n\n{margin}more\n"
        if kind == 4:
            return f"{self.comment()}\n"
        return f"{self.draw(st.sampled_from([' ', '   ']))}{self.draw(SCALARS)}{self.comment()}\n"

    def mapping(self, indent: int, depth: int) -> str:
        margin = " " * indent
        keys = self.draw(st.lists(st.sampled_from(KEYS), unique=True, min_size=1, max_size=4))
        return "".join(
            f"{self.loose(margin)}{margin}{key}:{self.value(indent, depth)}" for key in keys
        )

    def sequence(self, indent: int, depth: int) -> str:
        margin = " " * indent
        lines = []
        for _ in range(self.draw(st.integers(1, 3))):
            blanks = " " * self.draw(st.integers(1, 3))
            inner = indent + 1 + len(blanks)
            kind = self.draw(st.integers(0, 3))
            if kind == 0 and depth < 4:
                body = self.mapping(inner, depth + 1).lstrip("\n")
                assume(body.startswith(" " * inner) and body[inner] != "#")
                body = body[inner:]
            elif kind == 1 and depth < 4:
                body = self.sequence(inner, depth + 1)
                assume(body.startswith(" " * inner) and body[inner] != "#")
                body = body[inner:]
            else:
                body = f"{self.draw(SCALARS)}{self.comment()}\n"
            lines.append(f"{self.loose(margin)}{margin}-{blanks}{body}")
        return "".join(lines)


@st.composite
def files(draw: st.DrawFn) -> str:
    return Writer(draw).mapping(0, 0)


@settings(deadline=None, max_examples=60)
@given(files())
def test_formatting_keeps_meaning_and_comments_and_is_idempotent(text: str) -> None:
    diagnostics = Diagnostics()
    new = format_text(Source("file.yaml", text), diagnostics)
    if new is None:
        assert {found.code for found in diagnostics.errors} <= {"duplicate-key"}
        return
    before, after = Layout(text), Layout(new)
    assert after.meaning == before.meaning
    assert [comment.text for comment in after.comments] == [
        comment.text for comment in before.comments
    ]
    assert formatted(new) == new
    assert not [line for line in new.splitlines() if line.endswith((" ", "\t"))]


def test_a_file_that_would_change_its_meaning_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for wrong in ("a: 2\n", "a: [\n", "a: 1 # c\n"):

        def with_comments(_lines: object, _layout: object, wrong: str = wrong) -> str:
            return wrong

        monkeypatch.setattr(formatter, "_with_comments", with_comments)
        assert refused("a:  1\n") == ["file.yaml:1:1 cannot-format"]


def test_a_very_long_key_is_marked_as_one() -> None:
    text = f"? {'k' * 1200}\n: v\n"
    assert formatted(text) == text


def test_what_is_broken_into_lines_has_its_bracket_set_in() -> None:
    """At the column of the key strict parsers refuse it."""
    new = formatted("a:\n  b: {" + ", ".join(f"key-{i}: [v, w]" for i in range(20)) + "}\n")
    assert new.splitlines()[1] == "  b: {"
    assert new.splitlines()[-1] == "    }"
    assert formatted(new) == new


def test_deeply_nested_braces_take_little_time() -> None:
    text = "a: " + "{a: " * 60 + "1" + "}" * 60 + "\n"
    started = time.process_time()
    assert len(formatted(text).splitlines()) > 30
    assert time.process_time() - started < 2


def test_other_parsers_read_the_same() -> None:
    for text in (MESSY % LONG, TIDY % LONG, *(path.read_text("utf-8") for path in EXAMPLES)):
        assert yaml.safe_load(formatted(text)) == yaml.safe_load(text)
