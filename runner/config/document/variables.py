"""The environment variables of a layer: one form for both spellings, and which are secret."""

from runner.config.yaml.nodes import Mapping, Node, Scalar, Sequence, pairs_of
from runner.secrets import key_looks_secret


def is_secret(variable: Node | None) -> bool:
    """Return whether ``variable`` says it is secret; masks, wire and taint go by this."""
    secret = pairs_of(variable).get("secret")
    return isinstance(secret, Scalar) and secret.value is True


def looks_secret(name: str, variable: Mapping) -> bool:
    """Return whether the name alone makes a variable secret: its value is masked as well."""
    return "secret" not in variable.values and key_looks_secret(name)


def canonical(layer: Mapping) -> Mapping:
    """Return ``layer`` with its environment variables as a mapping of mappings.

    A null variable stays a null: it drops what a layer below sets. What has the wrong form,
    which is reported when the structure is read, is left out.
    """
    node = layer.values.get("environmentVariables")
    if node is None:
        return layer
    values = dict(layer.values)
    if isinstance(node, Scalar):
        del values["environmentVariables"]
    else:
        values["environmentVariables"] = (
            _of_mapping(node) if isinstance(node, Mapping) else _of_list(node)
        )
    return with_values(layer, values)


def with_values(node: Mapping, values: dict[str, Node]) -> Mapping:
    """Return ``node`` with other values."""
    return type(node)(node.source, node.start, node.end, node.keys, values, node.layers)


def _of_mapping(node: Mapping) -> Mapping:
    values: dict[str, Node] = {}
    for name, value in node.values.items():
        if value.__class__ is Mapping or (value.__class__ is Scalar and value.value is None):
            values[name] = value
        else:
            values[name] = Mapping(
                value.source, value.start, value.end, {"value": node.keys[name]}, {"value": value}
            )
    return with_values(node, values)


def _of_list(node: Sequence) -> Mapping:
    keys: dict[str, int] = {}
    values: dict[str, Node] = {}
    for item in node.items:
        key = pairs_of(item).get("key")
        # Other keys than text, and empty ones, are reported where the structure is checked.
        if isinstance(item, Mapping) and isinstance(key, Scalar) and key.value == key.text != "":
            keys[key.text] = key.place
            rest = {name: value for name, value in item.values.items() if name != "key"}
            values[key.text] = with_values(item, rest)
    return Mapping(node.source, node.start, node.end, keys, values)
