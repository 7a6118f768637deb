"""What feeds a template, through variables too."""

import pytest

from runner.config.templates.dependencies import Feeds
from runner.config.templates.expressions.errors import TemplateError
from tests.config.templates.test_scope import scope


def test_what_feeds_a_text_is_told_through_variables() -> None:
    made = scope({"a": "$<env.TOKEN>", "b": "$<git.sha>", "c": "file"}, overrides={"c": "given"})
    feed = Feeds(made).of("x $<var.a> $<var.c> $<env.X>")
    assert feed.names == {"var.a", "env.TOKEN", "var.c", "env.X"}
    assert feed.outside == {"env.TOKEN", "var.c", "env.X"}
    assert not feed.is_volatile
    assert Feeds(made).of("$<var.b>").is_volatile


def test_a_wrong_template_is_refused_each_time() -> None:
    feeds = Feeds(scope({}))
    for _ in range(2):
        with pytest.raises(TemplateError):
            feeds.of("$<1 +>")
