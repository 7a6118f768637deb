"""What feeds a template, through variables too."""

from runner.config.templates.dependencies import names_in
from tests.config.templates.test_scope import feed, scalar, scope


def test_what_feeds_a_template_is_told_through_variables() -> None:
    made = scope({"a": "$<env.TOKEN>", "b": "$<git.sha>", "c": "file"}, overrides={"c": "given"})
    found = feed(made, "var.a", "var.c", "env.X")
    assert found.names == {"var.a", "env.TOKEN", "var.c", "env.X"}
    assert found.outside == {"env.TOKEN", "var.c", "env.X"}
    assert not found.is_volatile
    assert feed(made, "var.b").is_volatile


def test_a_wrong_template_reads_nothing() -> None:
    assert names_in(scalar("$<1 +>")) == frozenset()
    assert names_in(scalar("$<var.a>$<git.sha>")) == {"var.a", "git.sha"}
