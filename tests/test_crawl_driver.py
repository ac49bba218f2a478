"""The driver: page after page, from any place again, never in a circle, never more than was wished."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.client import RETRIES, Client, Refusal
from crawlers.crawl import READINGS, REPEATS, Position, Taken, crawl, mark_of
from crawlers.source import Answer, Page, Skip, SourceError, Step, Wish, source_named
from tests.loopback import Loopback, Reply, Repository
from tests.loopback.door import SOURCE, asking, serving
from tests.loopback.tiny import START, Things, names, pages, parse, until_error

server = pytest.fixture(serving)
client = pytest.fixture(asking)

ALL = [f"lab/thing-{number}" for number in range(1, 31)]


@pytest.fixture
def things(server: Loopback) -> Things:
    found = server.interfaces[0]
    assert isinstance(found, Things)
    return found


# -- from beginning to end -------------------------------------------------------------------


def test_every_page_comes_once_with_the_place_after_it(server: Loopback, client: Client):
    taken = list(crawl(SOURCE, client, START))
    assert names(taken) == ALL
    assert pages(server) == [1, 2, 3, 4, 5, 6]
    assert [one.position.count for one in taken] == [5, 10, 15, 20, 25, 30]
    assert [len(one.position.pending) for one in taken] == [1, 1, 1, 1, 1, 0]
    assert not any(one.cut for one in taken)


def test_nothing_is_asked_before_its_page_is_taken(server: Loopback, client: Client):
    """A page is asked for when the one before it is safe, not ahead of that."""
    crawled = crawl(SOURCE, client, START)
    assert server.requests == []
    next(crawled), next(crawled)
    assert pages(server) == [1, 2]


def test_crawl_goes_on_from_any_place_as_if_it_had_never_stopped(server: Loopback, client: Client):
    """A killed crawl knows what it committed: a text. What was in hand then is all that comes twice."""
    choose = random.Random(1)
    for _ in range(25):
        server.requests.clear()
        position: Position | None = START
        kept: list[Taken] = []
        in_hand = 0
        while position and position.pending:
            for one in crawl(SOURCE, client, position):
                if choose.random() < 0.3:
                    in_hand += 1  # killed between answer and commit
                    break
                kept.append(one)
                if choose.random() < 0.3:
                    break
            position = Position.from_json(kept[-1].position.to_json()) if kept else START
        assert names(kept) == ALL
        assert len(pages(server)) == 6 + in_hand
        assert sorted(set(pages(server))) == [1, 2, 3, 4, 5, 6]


def test_faults_and_kills_lose_nothing_and_ask_little_twice(server: Loopback, client: Client):
    """A tenth of the answers damaged, twenty kills: everything comes, in order."""
    choose = random.Random(2)
    things = server.interfaces[0]
    assert isinstance(things, Things)
    things.count, things.page = 300, 3
    for after in range(0, 200, 10):
        kind = choose.choice(["short", "cut", "status", "reset", "empty page"])
        server.fault("/v1", kind, after=after)
    position: Position | None = START
    kept: list[Taken] = []
    kills = 0
    while position and position.pending:
        for one in crawl(SOURCE, client, position):
            if kills < 20 and choose.random() < 0.2:
                kills += 1
                break
            kept.append(one)
        position = Position.from_json(kept[-1].position.to_json()) if kept else START
    assert names(kept) == [f"lab/thing-{number}" for number in range(1, 301)]
    assert kills == 20
    assert 120 < len(server.requests) <= 2 * 100


def test_refusal_leaves_a_place_to_go_on_from(server: Loopback, client: Client):
    fault = server.fault("/v1/things", "status", code=403, after=3, times=1)
    taken, error = until_error(crawl(SOURCE, client, START))
    assert isinstance(error, Refusal) and fault.met == 1
    assert names(taken) == ALL[:15]
    more = list(crawl(SOURCE, client, taken[-1].position))
    assert names(more) == ALL[15:]
    assert pages(server) == [1, 2, 3, 4, 4, 5, 6]


def test_stop_ends_after_the_page_in_hand(server: Loopback, client: Client):
    taken: list[Taken] = []
    for one in crawl(SOURCE, client, START, stop=lambda: len(taken) == 2):
        taken.append(one)
    assert names(taken) == ALL[:10] and taken[-1].position.pending
    assert pages(server) == [1, 2]


def test_each_crawl_has_second_tries_of_its_own(server: Loopback, client: Client):
    client.retries_left = 0
    server.fault("/v1", "status")
    assert names(list(crawl(SOURCE, client, START))) == ALL
    assert client.retries_left == RETRIES - 1


def test_whole_crawl_asks_one_after_the_other(
    server: Loopback, fresh_home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HUB_DELAY_SECONDS", "0.1")
    client = Client(fresh_home)
    list(crawl(SOURCE, client, START))
    client.close()
    assert min(server.gaps) >= 0.1 and server.most_connections == 1


# -- positions -------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_STEPS = st.lists(
    st.builds(Step, st.text(), st.dictionaries(st.text(), _JSON, max_size=3)), max_size=4
)


@given(_STEPS, st.lists(st.text(), max_size=3), st.integers(0, 10**9))
def test_position_survives_as_text(pending: list[Step], done: list[str], count: int):
    position = Position(tuple(pending), tuple(done), count)
    again = Position.from_json(position.to_json())
    assert again == position
    assert [mark_of(step) for step in again.pending] == [mark_of(step) for step in pending]


ODD = [
    "", "null", "5", "[]", "{}", "{", '"pending"', "\x00", '{"pending": 5, "done": [], "count": 0}',
    '{"pending": [5], "done": [], "count": 0}', '{"pending": [["a"]], "done": [], "count": 0}',
    '{"pending": [["a", 5]], "done": [], "count": 0}', '{"pending": [], "done": 5, "count": 0}',
    '{"pending": [], "done": [], "count": "many"}', '{"pending": [], "done": [], "count": 1e999}',
    "[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:30])
def test_text_of_another_kind_is_no_position(text: str):
    assert Position.from_json(text) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_position(text: str):
    assert Position.from_json(text) is None


def test_same_step_is_one_request_however_its_words_are_ordered():
    one, two = Step("a", {"x": 1, "y": 2}), Step("a", {"y": 2, "x": 1})
    assert mark_of(one) == mark_of(two)
    others = [Step("b", {"x": 1, "y": 2}), Step("a", {"x": "1", "y": 2}), Step("a", {"x": 1})]
    assert len({mark_of(step) for step in [one, *others]}) == 4


# -- circles ---------------------------------------------------------------------------------


def test_list_that_leads_to_itself_ends(server: Loopback, client: Client):
    server.fault("/v1", "looping token", after=2, times=None)
    taken, error = until_error(crawl(SOURCE, client, START))
    assert "turns in a circle" in str(error) and isinstance(error, SourceError) and not error.again
    assert names(taken) == ALL[:15]
    assert pages(server) == [1, 2, 3]


def test_circle_of_several_pages_ends_also_when_it_was_stopped_within(
    server: Loopback, client: Client
):
    """What was read stands in the position, not in memory."""

    def round_and_round(step: Step, answer: Answer) -> Page:
        page = parse(step, answer)
        onward = step.said["page"] % 4 + 1
        return replace(page, next=(Step("page", {"page": onward}),))

    source = replace(SOURCE, parse=round_and_round)
    position: Position | None = START
    for _ in range(3):
        assert position is not None
        position = Position.from_json(next(crawl(source, client, position)).position.to_json())
    assert position is not None
    taken, error = until_error(crawl(source, client, position))
    assert "circle" in str(error)
    assert len(taken) == 1 and pages(server) == [1, 2, 3, 4]


def test_pages_that_repeat_under_other_names_are_counted_and_then_end_it(
    server: Loopback, client: Client
):
    server.fault("/v1", "duplicate page", times=None)
    taken, error = until_error(crawl(SOURCE, client, START))
    assert f"{REPEATS} pages repeat earlier ones" in str(error)
    skips = [[skip.reason for skip in one.page.skipped] for one in taken]
    assert skips == [[], *[["repeats an earlier page"]] * REPEATS]
    assert len(server.requests) == 1 + REPEATS


def test_page_that_repeats_once_is_no_circle(server: Loopback, client: Client):
    server.fault("/v1", "duplicate page", after=2)
    taken = list(crawl(SOURCE, client, START))
    assert names(taken) == ALL[:10] + ALL[:5] + ALL[15:]
    assert [one.page.skipped for one in taken if one.page.skipped] == [
        (Skip("page", "repeats an earlier page"),)
    ]


def test_pages_about_the_same_things_repeat_nothing(server: Loopback, client: Client):
    """A repository, its profile and its issues are three pages about one thing each time."""
    github = source_named("github")
    assert github is not None and github.start is not None
    for number in range(1, 7):
        name = f"lab/net-{number}"
        server.world.repositories[name] = Repository(number, name, number, readme="# Net")
    wish = Wish(keys=tuple(f"github:lab/net-{number}" for number in range(1, 7)), full=True)
    taken = list(crawl(github, client, Position(github.start(wish))))
    assert [skip for one in taken for skip in one.page.skipped] == []
    assert len(server.requests) == 6 * 4


def test_step_named_twice_is_made_once(server: Loopback, client: Client):
    def twice(step: Step, answer: Answer) -> Page:
        page = parse(step, answer)
        return replace(page, next=page.next * 3)

    assert names(list(crawl(replace(SOURCE, parse=twice), client, START))) == ALL
    assert pages(server) == [1, 2, 3, 4, 5, 6]


# -- damaged pages ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cut", "empty page", "html"])
def test_page_that_cannot_be_believed_is_read_again(server: Loopback, client: Client, kind: str):
    server.fault("/v1", kind, after=1, times=READINGS - 1)
    assert names(list(crawl(SOURCE, client, START))) == ALL
    assert pages(server) == [1, 2, 2, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("kind", ["cut", "empty page", "html"])
def test_page_that_stays_damaged_ends_the_crawl_before_it(
    server: Loopback, client: Client, kind: str
):
    server.fault("/v1", kind, after=1, times=None)
    taken, error = until_error(crawl(SOURCE, client, START))
    assert isinstance(error, SourceError)
    assert names(taken) == ALL[:5] and taken[-1].position.pending[0].said == {"page": 2}
    assert pages(server) == [1] + [2] * READINGS


def test_page_that_will_not_change_is_read_once(server: Loopback, client: Client):
    server.fault("/v1", "brotli", times=None)
    _, error = until_error(crawl(SOURCE, client, START))
    assert isinstance(error, SourceError) and not error.again
    assert pages(server) == [1]


def test_damaged_pages_of_a_crawl_have_an_end(
    server: Loopback, client: Client, things: Things, monkeypatch: pytest.MonkeyPatch
):
    """Each page once damaged: after so many the source is not well, whatever comes then."""
    monkeypatch.setattr("crawlers.crawl.RETRIES", 10)
    things.count, things.page = 300, 1
    server.fault("/v1", "cut", every=2, times=None)
    taken, error = until_error(crawl(SOURCE, client, START))
    assert isinstance(error, Refusal) and "too many damaged answers" in error.why
    assert len(server.requests) == 2 * 10 + 1
    assert taken[-1].position.pending


def test_step_of_an_earlier_version_is_damage_that_asks_nobody(server: Loopback, client: Client):
    position = Position((Step("leaf", {"sheet": 1}),))
    _, error = until_error(crawl(SOURCE, client, position))
    assert str(error) == "no such step any more: leaf"
    assert server.requests == []


def test_body_nested_too_deeply_is_damage(server: Loopback, client: Client):
    def deep(step: Step, answer: Answer) -> Page:
        return deep(step, answer)

    _, error = until_error(crawl(replace(SOURCE, parse=deep), client, START))
    assert str(error) == "nested too deeply to be read"


def test_answer_that_breaks_its_parser_is_damage_and_costs_nothing_that_came_before(
    server: Loopback, client: Client
):
    def breaks(step: Step, answer: Answer) -> Page:
        return Page() if step.said["page"] == 3 and {}["missing"] else parse(step, answer)

    taken, error = until_error(crawl(replace(SOURCE, parse=breaks), client, START))
    assert str(error) == "cannot be read (KeyError); please report it"
    assert names(taken) == ALL[:10]


# -- steps that stand alone --------------------------------------------------------------------


def lone_parse(step: Step, answer: Answer) -> Page:
    """A page that leads nowhere."""
    return replace(parse(step, answer), next=())


LONE = replace(SOURCE, alone=frozenset({"page"}), parse=lone_parse)
SIX = Position(tuple(Step("page", {"page": number}) for number in range(1, 7)))


@pytest.mark.parametrize(
    ("kind", "said", "tries"),
    [("brotli", {}, 1), ("cut", {}, READINGS), ("status", {"code": 422}, 1)],
)
def test_step_that_stands_alone_and_fails_is_put_off_behind_the_others(
    server: Loopback, client: Client, kind: str, said: dict[str, int], tries: int
):
    server.fault("/v1/things", kind, times=tries, after=1, **said)
    taken, _ = until_error(crawl(LONE, client, SIX))
    assert names(taken) == ALL[:5] + ALL[10:]
    assert pages(server) == [1, *[2] * tries, 3, 4, 5, 6]
    assert names(list(crawl(LONE, client, taken[-1].position))) == ALL[5:10]


def test_step_that_fails_for_good_is_all_that_is_left_for_the_next_crawl(
    server: Loopback, client: Client
):
    things = server.interfaces[0]
    answer = things.answer
    things.answer = lambda asked, twist: (  # type: ignore[method-assign]
        Reply(b"no", status=422) if asked.query["page"] == "2" else answer(asked, twist)
    )
    taken, error = until_error(crawl(LONE, client, SIX))
    assert isinstance(error, Refusal) and error.status == 422
    left = taken[-1].position
    assert [one.said for one in left.pending] == [{"page": 2}]
    assert Position.from_json(left.to_json()) == left
    server.requests.clear()
    assert isinstance(until_error(crawl(LONE, client, left))[1], Refusal)
    assert pages(server) == [2], "it is asked for once in a crawl"


@pytest.mark.parametrize(
    ("code", "asked"), [(422, [1, 2, 3, 4]), (403, [1, 2, 3, 4]), (401, [1, 2]), (429, [1, 2])]
)
def test_source_that_refuses_everything_is_not_asked_for_every_step(
    server: Loopback, client: Client, code: int, asked: list[int]
):
    server.fault("/v1", "status", times=None, after=1, code=code)
    taken, error = until_error(crawl(LONE, client, SIX))
    assert isinstance(error, Refusal) and pages(server) == asked
    assert names(taken) == ALL[:5]


# -- limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "asked", "cut"),
    [(1, 1, True), (5, 1, True), (7, 2, True), (29, 6, True), (30, 6, False), (31, 6, False)],
)
def test_limit_ends_the_crawl_at_the_record(
    server: Loopback, client: Client, limit: int, asked: int, cut: bool
):
    taken = list(crawl(SOURCE, client, START, limit=limit))
    assert names(taken) == ALL[:limit]
    assert len(server.requests) == asked
    assert [one.cut for one in taken] == [False] * (asked - 1) + [cut]
    assert taken[-1].position.pending == ()


def test_limit_counts_what_came_before_a_stop(server: Loopback, client: Client):
    first = next(crawl(SOURCE, client, START, limit=8))
    position = Position.from_json(first.position.to_json())
    assert position is not None
    assert names(list(crawl(SOURCE, client, position, limit=8))) == ALL[5:8]


def test_limit_counts_the_main_records_only(server: Loopback, client: Client):
    source = replace(SOURCE, main="paper")
    assert names(list(crawl(source, client, START, limit=1))) == ALL
