"""Values against the models' rules, where no file can hold them."""

from runner.config.compile.validate import REQUEST, Breach, check


def test_half_of_a_character_is_refused_wherever_it_comes_from() -> None:
    """As in ``--var host=$'\\xff'``: the file can't hold one, but the command line can."""
    variable = {"key": "HOST", "value": "half \udcff"}
    tree = {"name": "whole é", "runLocation": "eu-west-1", "environmentVariables": [variable]}
    path = ("environmentVariables", 0, "value")
    message = "`value` holds half of a character, which UTF-8 can't represent"
    assert check(REQUEST, tree) == [Breach(path, "bad-value", message)]
