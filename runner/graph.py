"""Walk a graph of names without recursion, since chains may be long."""

from collections.abc import Iterable, Iterator, Mapping


def depth_first(graph: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, list[str]]]:
    """Visit every key of ``graph``, which maps each name to those it leads to.

    Yields:
        Each key with an empty list, after everything it leads to. Before that, each name that
        leads back to itself with its cycle, once for each way that closes one.
    """
    done = set[str]()
    for root in graph:
        path = {} if root in done else {root: iter(graph[root])}
        while path:
            name, children = path.popitem()
            path[name] = children
            for child in children:
                if child in path:
                    names = [*path]
                    yield child, names[names.index(child) :]
                elif child in graph and child not in done:
                    path[child] = iter(graph[child])
                    break
            else:
                path.popitem()
                done.add(name)
                yield name, []
