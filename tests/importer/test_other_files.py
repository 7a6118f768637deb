"""Where Makefiles, Dockerfiles, package.json and pages have commands, and where they may."""

import pytest

from runner.errors import UsageError
from runner.importer.find import import_file


def tags_of(name: str, text: str) -> tuple[list[object], list[str]]:
    """What the profiles of a file filter by, and what is said beside them."""
    found = import_file(name, text)
    targets = [profile.values.get("target") for profile in found.profiles]
    return [t["matchTags"] if isinstance(t, dict) else t for t in targets], found.notes


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("smoke: ; npx checkly trigger --tags a\n", [["a"]]),
        ("smoke: build ; -@npx checkly trigger \\\n  --tags a\n", [["a"]]),
        ("CMD = npx checkly trigger\nsmoke: ; $(CMD) --tags a\n", [["a"]]),
        (".RECIPEPREFIX = >\nsmoke:\n>npx checkly trigger --tags a\n", [["a"]]),
        (
            "SHELL := /usr/bin/env bash\nsmoke:\n\tnpx checkly trigger --tags $$T\n",
            ["$<env.T.split(',')>"],
        ),
        ("smoke:\n\tnpx checkly trigger --tags $TAGS\n", None),
        ("smoke:\n\tnpx checkly trigger $ARGS\n", None),
        ("ARGS =\nsmoke:\n\tnpx checkly trigger $(ARGS)\n", None),
        ("T = a\\\n  b\nsmoke:\n\tnpx checkly trigger --tags '$(T)'\n", [["a b"]]),
        ("T = a # why\nsmoke:\n\tnpx checkly trigger --tags '$(T)'\n", [["a "]]),
        ("export T = a\nsmoke:\n\tnpx checkly trigger --tags $$T\n", None),
        ("define run\n\tnpx checkly trigger --tags $(1)\nendef\n", None),
    ],
)
def test_recipes_of_make(text: str, tags: object) -> None:
    assert tags_of("Makefile", text) == ([tags], [])


@pytest.mark.parametrize(
    "line",
    [
        "define run\nnpx checkly trigger --tags b\nendef",
        "LOG := $(shell npx checkly trigger --tags b)",
        "ifdef CI\nCMD = npx checkly trigger\nendif",
    ],
)
def test_what_is_not_in_a_recipe_is_named(line: str) -> None:
    tags, (note,) = tags_of("Makefile", f"smoke:\n\tnpx checkly trigger --tags a\n{line}\n")
    assert tags == [[["a"]]]
    assert "it is not in a recipe" in note


def test_a_shell_of_make_that_can_not_be_read_is_named() -> None:
    with pytest.raises(UsageError, match="`SHELL = pwsh` can't be read"):
        import_file("Makefile", "SHELL = pwsh\nsmoke:\n\tnpx checkly trigger --tags a\n")


def test_a_condition_of_make_is_said() -> None:
    text = "smoke:\nifdef CI\n\tnpx checkly trigger --tags a\nendif\n"
    (profile,) = import_file("Makefile", text).profiles
    assert "It was under a condition of the Makefile." in profile.notes


ENTRY = 'ENTRYPOINT ["npx", "checkly", "trigger"]\n'


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        (f'FROM a AS b\n{ENTRY}FROM b\nCMD ["--tags", "a"]\n', [[["a"]]]),
        (f'FROM a AS b\n{ENTRY}FROM B AS c\nFROM c\nCMD ["--tags", "a"]\n', [[["a"]]]),
        (
            f'FROM a AS b\n{ENTRY}FROM b\nCMD ["-t", "a"]\nFROM b\nCMD ["-t", "b"]\n',
            [[["a"]], [["b"]]],
        ),
        (f'FROM a AS b\nCMD ["--tags", "a"]\nFROM b\n{ENTRY}', ["all"]),
        (f'FROM a\nCMD ["--tags", "a"]\n{ENTRY}', [[["a"]]]),
        (f"FROM a\n{ENTRY}CMD --tags a\n", [None]),
        ("FROM a\nRUN npx checkly trigger \\\n\n  --tags a\n", [[["a"]]]),
        ("FROM a\nRUN npx checkly trigger \\  \n # why\n  --tags a\n", [[["a"]]]),
    ],
)
def test_stages_and_lines_of_a_dockerfile(text: str, tags: object) -> None:
    assert tags_of("Dockerfile", text) == (tags, [])


@pytest.mark.parametrize(
    "line",
    [
        "ONBUILD RUN npx checkly trigger --tags b",
        "HEALTHCHECK CMD npx checkly trigger --tags b",
        "RUN <<EOF\nnpx checkly trigger --tags b\nEOF",
        'SHELL ["pwsh", "-c"]\nRUN npx checkly trigger --tags b',
    ],
)
def test_what_is_not_read_of_a_dockerfile_is_named(line: str) -> None:
    text = f"FROM a\nLABEL run='npx checkly trigger'\nRUN npx checkly trigger --tags a\n{line}\n"
    tags, (note,) = tags_of("Dockerfile", text)
    assert tags == [[["a"]]]
    assert "was not imported" in note


def test_other_line_breaks_of_a_dockerfile_are_not_read() -> None:
    with pytest.raises(UsageError, match="line breaks can't be read"):
        import_file("Dockerfile", "# escape=`\nFROM a\nRUN npx checkly trigger `\n --tags a\n")


@pytest.mark.parametrize(
    "script",
    [
        "npm --prefix . run t -- --tags a",
        "npm run t -w web -- --tags a",
        "npm run t --workspaces -- --tags a",
        "npm run t --prefix=web",
        "pnpm -r t --tags a",
    ],
)
def test_a_script_that_may_start_another_one_is_named(script: str) -> None:
    text = f'{{"scripts": {{"t": "checkly trigger --tags b", "s": "{script}"}}}}'
    tags, (note,) = tags_of("package.json", text)
    assert tags == [[["b"]]]
    assert "may start a script with other words" in note


@pytest.mark.parametrize("fence", ["```", "```yaml", "~~~ text"])
def test_a_block_that_is_not_marked_as_shell_is_named(fence: str) -> None:
    text = f"```sh\nnpx checkly trigger --tags a\n```\n{fence}\nnpx checkly trigger\n{fence[:3]}\n"
    tags, (note,) = tags_of("page.md", text)
    assert tags == [[["a"]]]
    assert "its block is not marked as shell" in note


def test_a_block_may_end_with_the_page() -> None:
    assert tags_of("page.md", "```sh\nnpx checkly trigger --tags a\n") == ([[["a"]]], [])
