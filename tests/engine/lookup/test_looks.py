"""How the list of sessions is asked: when, for what, page by page, and until when."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from runner.engine.lookup import reconcile
from runner.engine.lookup.reconcile import Found, search
from runner.errors import CannotRun, Interrupted
from runner.models.record import Attempt, Lookup
from runner.models.response import ListedSession
from tests.engine.conftest import MakeBench
from tests.engine.lookup.test_reconcile import MINUTE, NOW, at, listed
from tests.state.conftest import leave

SECOND = timedelta(seconds=1)


class Looks:
    """The looks of one search: the filters of each, and the pauses before them."""

    def __init__(
        self, *pages: Sequence[dict[str, Any] | None], interrupted_at: int | None = None
    ) -> None:
        self.pages = pages
        self.filters: list[dict[str, Any]] = []
        self.pauses: list[float] = []
        self._interrupted_at = interrupted_at

    async def sessions(self, **filters: Any) -> AsyncIterator[list[ListedSession | None]]:
        self.filters.append(filters)
        for page in self.pages:
            yield [None if each is None else ListedSession.model_validate(each) for each in page]

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))
        if len(self.pauses) == self._interrupted_at:
            raise Interrupted("Ctrl-C")

    def run(
        self,
        make_bench: MakeBench,
        monkeypatch: pytest.MonkeyPatch,
        attempt: Attempt,
        others: Sequence[Attempt] = (),
    ) -> Found:
        bench = make_bench()

        async def main() -> Found:
            state = bench.state()
            for other in others:
                await leave(state, other)
            async with bench.client() as client:
                context = bench.context(client, {})
                monkeypatch.setattr(client, "sessions", self.sessions)
                monkeypatch.setattr(context.clock, "sleep", self.sleep)
                return await search(context, attempt, 10.0, is_alone=True)

        return asyncio.run(main())


def test_the_looks_are_spread_over_the_settling_time(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks([])
    assert looks.run(make_bench, monkeypatch, at()) == Found()
    assert looks.pauses == [0.0, 0.7, 1.3, 3.0, 5.0]
    assert sum(looks.pauses) == 10.0


def test_a_session_that_is_found_ends_the_looks(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks([listed(NOW)])
    assert looks.run(make_bench, monkeypatch, at()).own is not None
    assert looks.pauses == [0.0]


def test_sessions_on_all_pages_count(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks([listed(NOW)], [listed(NOW, "2")], [listed(NOW, "3", "another"), listed(NOW)])
    found = looks.run(make_bench, monkeypatch, at())
    assert [each.id for each in found.sure] == ["1", "2"]
    assert found.own is None


@pytest.mark.parametrize(
    "pages", [([None], [listed(NOW)]), ([listed(NOW)], [None]), ([None, listed(NOW)],)]
)
def test_an_entry_of_any_page_that_can_not_be_read_makes_the_list_incomplete(
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    pages: Sequence[Sequence[dict[str, Any] | None]],
) -> None:
    found = Looks(*pages).run(make_bench, monkeypatch, at())
    assert [each.id for each in found.sure] == ["1"]
    assert not found.is_whole


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, {"from": int((NOW - 10 * MINUTE).timestamp())}),
        ({"doubt_from": None}, {"from": int((NOW - 10 * MINUTE).timestamp())}),
        ({"doubt_from": NOW - 2 * MINUTE}, {"from": int((NOW - 2 * MINUTE).timestamp())}),
        ({"doubt_from": None, "window_from": None}, {}),
        ({"lookup": Lookup(name="smoke 00OLD", run_location="x")}, {"textSearch": "00OLD"}),
        ({"apply_id": "1", "lookup": Lookup(name="smoke 1", run_location="x")}, {}),
    ],
    ids=["doubt", "window", "own-doubt", "neither", "name-with-id", "id-too-short-to-search"],
)
def test_the_list_is_asked_for_no_more_than_may_fit(
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any],
    asked: dict[str, Any],
) -> None:
    looks = Looks([])
    looks.run(make_bench, monkeypatch, at(**fields))
    assert looks.filters == [asked] * 5


def test_an_interruption_has_one_last_look(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks([], interrupted_at=2)
    with pytest.raises(Interrupted, match=r"^Interrupted while a session was being looked up\.$"):
        looks.run(make_bench, monkeypatch, at())
    assert len(looks.filters) == 2
    unsure = Looks([listed(NOW - 5 * MINUTE)], interrupted_at=1)
    assert [each.id for each in unsure.run(make_bench, monkeypatch, at()).unsure] == ["1"]
    assert len(unsure.filters) == 1


def test_what_could_not_be_read_is_told_with_what_was_found(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = listed(NOW, "2", "smo�")
    found = Looks([listed(NOW - 5 * MINUTE), damaged]).run(make_bench, monkeypatch, at())
    assert ([each.id for each in found.unsure], found.is_whole) == (["1"], False)
    message = r"^The list has entries that can't be read, and one of them may be this session\.$"
    with pytest.raises(CannotRun, match=message):
        Looks([damaged]).run(make_bench, monkeypatch, at())


@pytest.mark.parametrize(
    ("made", "is_sure"),
    [
        (NOW - reconcile.MARGIN, True),
        (NOW - reconcile.MARGIN - SECOND, False),
        (NOW + reconcile.ACCEPTED_WITHIN, True),
        (NOW + reconcile.ACCEPTED_WITHIN + SECOND, False),
    ],
    ids=["earliest", "too-early", "latest", "too-late"],
)
def test_the_ends_of_the_window_belong_to_it(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch, made: Any, is_sure: bool
) -> None:
    found = Looks([listed(made)]).run(make_bench, monkeypatch, at())
    assert (len(found.sure), len(found.unsure)) == (int(is_sure), int(not is_sure))


def test_a_session_from_the_first_moment_of_doubt_is_unsure(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Looks([listed(NOW - 10 * MINUTE)]).run(make_bench, monkeypatch, at())
    assert len(found.unsure) == 1


@pytest.mark.parametrize(
    ("listed_as", "sent", "fits"),
    [
        (None, None, True),
        ("", None, True),
        (None, "", True),
        ("abc", "abc", True),
        ("abc", None, False),
        (None, "abc", False),
        ("abc", "abd", False),
    ],
    ids=["none", "empty-and-none", "none-and-empty", "equal", "listed", "sent", "another"],
)
@pytest.mark.parametrize(
    ("key", "field"),
    [("commitId", "commit_id"), ("environment", "environment"), ("branchName", "branch_name")],
    ids=["commit", "environment", "branch"],
)
def test_commit_environment_and_branch_have_to_match(
    make_bench: MakeBench,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    field: str,
    listed_as: str | None,
    sent: str | None,
    fits: bool,
) -> None:
    lookup = Lookup(name="smoke", run_location="eu-west-1").model_copy(update={field: sent})
    entry = {**listed(NOW), key: listed_as}
    found = Looks([entry]).run(make_bench, monkeypatch, at(lookup=lookup))
    assert bool(found.all) is fits


def test_a_session_without_a_name_is_not_one_with_a_name(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup = Lookup(name="XXXX", run_location="eu-west-1")
    found = Looks([{**listed(NOW), "name": ""}]).run(make_bench, monkeypatch, at(lookup=lookup))
    assert not found.all


def test_its_own_attempt_is_not_another_one(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Looks([listed(NOW)]).run(make_bench, monkeypatch, at(), [at()])
    assert (len(found.sure), found.has_look_alike) == (1, False)
