"""The axes of a matrix: their names, and whether the profile makes use of them."""

from collections.abc import Iterable, Iterator

from runner.config.document.keys import PROFILE_KEYS
from runner.config.templates.dependencies import Dependencies, names_in, scalars
from runner.config.yaml.nodes import Mapping, Node, Scalar, items_of, pairs_of
from runner.diagnostics import Diagnostic, Related, Severity
from runner.nearest import nearest
from runner.source import Span

#: Keys of a matrix that are not axes.
NOT_AXES = ("exclude", "include")


def axes_of(matrix: Mapping) -> dict[str, Span]:
    """Every name that the combinations of ``matrix`` may have, and its first position."""
    axes = {name: matrix.key_span(name) for name in matrix.values if name not in NOT_AXES}
    for item in items_of(matrix.values.get("include")):
        if isinstance(item, Mapping):
            axes |= {name: item.key_span(name) for name in item.values if name not in axes}
    return axes


def untyped_axes(matrix: Mapping, dependencies: Dependencies) -> frozenset[str]:
    """The axes of ``matrix`` that have a value without a type of its own."""
    return frozenset(
        axis for axis, each in axis_scalars(matrix) if dependencies.is_untyped(names_in(each))
    )


def axis_scalars(matrix: Node | None) -> Iterator[tuple[str, Scalar]]:
    """Yield each value of an axis that may be a template, with the axis' name."""
    included = items_of(pairs_of(matrix).get("include"))
    for holder in (matrix, *included):
        for axis, node in pairs_of(holder).items():
            if node.templated and axis not in NOT_AXES:
                yield from ((axis, each) for each in scalars(node))


def set_twice(layers: Iterable[Mapping], axes: dict[str, Span]) -> Iterator[Diagnostic]:
    """Refuse keys of ``layers``, from the topmost to that with the matrix, which it sets too."""
    for layer in layers:
        for axis in axes.keys() & layer.values.keys() & PROFILE_KEYS:
            message = f"`{axis}` is set by the matrix already"
            related = (Related(axes[axis], "set here"),)
            span, hint = layer.key_span(axis), "Keep one of the two."
            yield Diagnostic("set-by-matrix", message, span, hint=hint, related=related)


def unread_axes(
    profile: str, layers: Mapping, axes: dict[str, Span], dependencies: Dependencies
) -> Iterator[Diagnostic]:
    """Warn of axes that nothing in a profile reads: their instances are the same session."""
    if axes.keys() <= PROFILE_KEYS:
        return
    others = (node for key, node in layers.values.items() if key not in ("matrix", "description"))
    direct = {name for node in others for each in scalars(node) for name in names_in(each)}
    names = dependencies.of(frozenset(direct)).names
    if any(name.startswith("matrix.") and name[7:] not in axes for name in names):
        return  # a misspelt axis, which is reported where it is read
    for axis, span in axes.items():
        if axis not in PROFILE_KEYS and f"matrix.{axis}" not in names:
            meant = nearest(axis, PROFILE_KEYS) or ("region" in axis.lower() and "runLocation")
            hint = f"Did you mean `{meant}`?" if meant else f"Read it as `$<matrix.{axis}>`."
            message = (
                f"Nothing in `{profile}` reads `matrix.{axis}`, so its instances are the same "
                "session under several names"
            )
            yield Diagnostic("unread-axis", message, span, Severity.WARNING, hint, profile=profile)
