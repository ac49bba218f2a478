"""What the reader of GitHub's trending page promises: three layouts are read, a fourth is an error."""

import random
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from crawlers.records import Record, RepositoryRecord, SnapshotRecord
from crawlers.source import Answer, Page, SourceError, Step, Wish
from crawlers.sources.github_trending import MAX_ROW, MAX_ROWS, parse, plan, request, start

FIXTURES = Path(__file__).parent / "fixtures" / "github_trending"
SITE = "https://github.com"
DAY = "2026-11-23"
TODAY = Step("page", {"language": "python", "since": "daily"})
NOTEBOOKS = Step("page", {"language": "jupyter-notebook", "since": "weekly"})


def html(name: str) -> str:
    return (FIXTURES / f"{name}.html").read_text("utf-8")


def read(body: str | bytes, step: Step = TODAY, *, final: str | None = None) -> Page:
    packed = body.encode() if isinstance(body, str) else body
    url = request(step, SITE).url
    return parse(step, Answer(url, final or url, 200, {}, packed, DAY))


def of(cls: type[Record], page: Page) -> list[Any]:
    return [record for record in page.records if type(record) is cls]


def reasons(page: Page) -> list[str]:
    return [skip.reason for skip in page.skipped]


def why(body: str | bytes, step: Step = TODAY, **more: Any) -> SourceError:
    with pytest.raises(SourceError) as error:
        read(body, step, **more)
    return error.value


def shown(page: Page) -> list[tuple[Any, ...]]:
    """Name, language, stars, forks and stars of the period of each repository, in order."""
    return [
        (one.name, one.language, at.stars, at.forks, one.extra["trending"].get("stars_then"))
        for one, at in zip(of(RepositoryRecord, page), of(SnapshotRecord, page), strict=True)
    ]


# -- asking ----------------------------------------------------------------------------------


def asked(wish: Wish) -> list[str]:
    return [request(step, SITE).url for step in start(wish)]


def test_today_s_page_of_python_is_asked_for_unless_another_language_is_wished():
    assert asked(Wish()) == [f"{SITE}/trending/python?since=daily"]
    assert asked(Wish(query="C++, Jupyter Notebook,c#, ,c++")) == [
        f"{SITE}/trending/c%2B%2B?since=daily",
        f"{SITE}/trending/jupyter-notebook?since=daily",
        f"{SITE}/trending/c%23?since=daily",
    ]
    assert asked(Wish(query="../../evil?x=")) == [
        f"{SITE}/trending/..%2F..%2Fevil%3Fx%3D?since=daily"
    ]


def test_full_wish_asks_for_every_period_and_for_today_last():
    assert asked(Wish(full=True)) == [
        f"{SITE}/trending/python?since={period}" for period in ("monthly", "weekly", "daily")
    ]
    assert plan(Wish(full=True)).requests == (3, 3)
    assert request(TODAY, SITE).accept == ("text/html",)


# -- layouts ---------------------------------------------------------------------------------


def test_layout_of_2026_is_read_in_its_order():
    page = read(html("layout-2026"))
    assert shown(page) == [
        ("octo-lab/Tiny-Net", "Python", 15_694, 1_866, 3_592),
        ("someone/quiet", None, 7, None, 1),
        ("third/one", "Python", 1_234_567, 0, 12),
    ]
    first, second = of(RepositoryRecord, page)[:2]
    assert (first.key, first.url) == ("github:octo-lab/tiny-net", f"{SITE}/octo-lab/Tiny-Net")
    assert first.description == "A net & nothing else. 小网络"
    assert (second.description, first.licence, first.state) == (None, None, None)
    assert first.extra == {
        "trending": {
            "since": "daily", "language": "python", "day": DAY, "stars_then": 3_592, "rank": 1,
        }
    }  # fmt: skip
    assert [one.extra["trending"]["rank"] for one in of(RepositoryRecord, page)] == [1, 2, 3]
    assert {one.day for one in of(SnapshotRecord, page)} == {DAY}
    assert (page.skipped, page.tally) == ((), (("repositories", 3),))


def test_layout_of_2020_is_read():
    page = read(html("layout-2020"), NOTEBOOKS)
    assert shown(page) == [("octo-lab/tiny-net", "Jupyter Notebook", 99_949, 29_350, 498)]
    assert of(RepositoryRecord, page)[0].description == "A net and ⚡️ nothing else."
    assert page.skipped == ()


def test_day_without_any_repository_is_an_empty_page():
    page = read(html("none"), Step("page", {"language": "abap", "since": "daily"}))
    assert (page.records, page.skipped, page.tally) == ((), (), (("repositories", 0),))


@pytest.mark.parametrize(
    "body",
    [
        "", "<html></html>", "<html><body>Sign in to GitHub</body></html>", "{}", "Rate exceeded.",
        '<html><li class="repo"><h2><a href="/a/b">a/b</a></h2></li></html>',
        '<article class="Box-row"></article>', '<article class="Other"><h2></h2></article>',
        '<article class="Box-row"><h2><a href="/a/b">a / b</a></h2></article>',
        '<article class="Box-row"><h2><a href="/login">login</a></h2></article>',
    ],
)  # fmt: skip
def test_layout_that_is_not_known_is_an_error_and_no_empty_page(body: str):
    error = why(body)
    assert error.why.startswith("the layout of the page is unknown")
    assert not error.again


@pytest.mark.parametrize("cut", ["    </h2>", "</article>", "stargazers", "</html>", "</body>"])
def test_page_cut_off_is_asked_for_again(cut: str):
    whole = html("layout-2026")
    at = whole.rindex(cut) if cut in whole else whole.rindex("</h2>")
    error = why(whole[:at])
    assert (error.why, error.again) == ("the page is cut off", True)


def test_piece_of_a_page_cut_off_within_a_row_is_asked_for_again():
    whole = html("layout-2020")
    for length in range(whole.index("<article") + 8, whole.index("</article>") + 10, 41):
        assert why(whole[:length], NOTEBOOKS).again


def test_page_that_is_not_utf_8_is_asked_for_again():
    assert why(html("layout-2026").encode().replace("小".encode(), b"\xe5")).again


def test_page_of_another_language_period_or_address_is_refused():
    whole = html("layout-2026")
    assert (
        "another language" in why(whole, Step("page", {"language": "rust", "since": "daily"})).why
    )
    weekly = Step("page", {"language": "python", "since": "weekly"})
    assert why(whole, weekly).why.endswith("stars of the period: not there or of another period")
    assert "another page" in why(whole, final=f"{SITE}/login?return_to=%2Ftrending").why
    assert "another page" in why(whole, final=f"{SITE}/trending").why
    assert len(read(whole, final="https://github.com/trending/python?since=daily&x=1").records) == 6


def changed(old: str, new: str) -> Page:
    whole = html("layout-2026")
    assert whole.count(old) == 1
    return read(whole.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('href="/octo-lab/Tiny-Net" ', 'href="/octo-lab/Other" ', "name and address of the repository disagree"),
        ('href="/octo-lab/Tiny-Net" ', 'href="/octo-lab" ', "no repository in its heading"),
        ('href="/octo-lab/Tiny-Net" ', 'href="https://evil.example/a/b" ', "no repository in its heading"),
        ('href="/octo-lab/Tiny-Net" ', 'href="/trending/python" ', "no repository in its heading"),
        ("/octo-lab/Tiny-Net/stargazers", "/third/one/stargazers", "stars: not there or not a number"),
        ("15,694", "15.7k", "stars: not there or not a number"),
        ("15,694", "15,69", "stars: not there or not a number"),
        ("15,694", "", "stars: not there or not a number"),
        ("15,694", "1" * 30, "stars: not there or not a number"),
        ("1,866", "1 866", "forks: not there or not a number"),
        ("3,592 stars today", "many stars today", "stars of the period: not there or of another period"),
        ("3,592 stars today", "3,592 stars this month", "stars of the period: not there or of another period"),
        ("3,592 stars today", ",,, stars today", "stars of the period: not there or not a number"),
    ],
)  # fmt: skip
def test_row_that_is_not_as_the_layouts_have_it_costs_itself_only(old: str, new: str, reason: str):
    page = changed(old, new)
    assert reasons(page) == [reason]
    assert [one.name for one in of(RepositoryRecord, page)] == ["someone/quiet", "third/one"]
    assert [one.extra["trending"]["rank"] for one in of(RepositoryRecord, page)] == [2, 3]


def test_repository_that_stands_twice_counts_once():
    page = changed('href="/third/one" class="Link"><span class="text-normal">third /</span> one',
                   'href="/Someone/Quiet" class="Link"><span class="text-normal">Someone /</span> Quiet')  # fmt: skip
    assert reasons(page) == ["stars: not there or not a number"]
    whole = html("layout-2026")
    row = whole[whole.index("<article") : whole.index("</article>") + 10]
    page = read(whole.replace("</body>", row + "</body>"))
    assert reasons(page) == ["repeated repository"]
    assert len(of(RepositoryRecord, page)) == 3


def test_article_of_another_kind_is_told_and_keeps_the_ranks():
    whole = html("layout-2026")
    page = read(whole.replace('"Box-row"', '"Box-now"', 1))
    assert reasons(page) == ["an article of another kind"]
    assert [one.extra["trending"]["rank"] for one in of(RepositoryRecord, page)] == [2, 3]


# -- damage ----------------------------------------------------------------------------------


def rows_of(whole: str) -> list[re.Match[str]]:
    return list(re.finditer(r"<article.*?</article>", whole, re.DOTALL))


def test_damage_in_one_row_leaves_its_siblings_as_they_were():
    choose = random.Random(9)
    whole = html("layout-2026")
    found = rows_of(whole)
    intact = [one.model_dump_json() for one in read(whole).records]
    survived = 0
    for _ in range(500):
        number = choose.randrange(len(found))
        damaged = bytearray(found[number][0].encode())
        for _ in range(choose.choice([1, 1, 3])):
            at = choose.randrange(len(damaged))
            if choose.random() < 0.3:
                del damaged[at : at + choose.randrange(1, 40)]
            else:
                damaged[at] = choose.randrange(256)
        start, end = found[number].span()
        try:
            page = read(whole[:start].encode() + bytes(damaged) + whole[end:].encode())
        except SourceError as error:
            assert error.why
            continue
        survived += 1
        rest = intact[: 2 * number] + intact[2 * number + 2 :]
        assert set(rest) <= {one.model_dump_json() for one in page.records}
    assert survived > 200


def test_bytes_flipped_or_cut_anywhere_give_a_page_or_a_source_error():
    choose = random.Random(11)
    whole = html("layout-2026").encode()
    for _ in range(300):
        body = bytearray(whole)
        for _ in range(choose.choice([1, 5, 60])):
            body[choose.randrange(len(body))] = choose.randrange(128)
        try:
            page = read(bytes(body))
        except SourceError as error:
            assert error.why
            continue
        assert 0 < len(of(RepositoryRecord, page)) <= 3
    for length in range(0, len(whole), 53):
        assert why(whole[:length]).why


@pytest.mark.parametrize(
    "inside",
    [
        "<b>" * 9_000, "<div>" * 5_000 + "</div>" * 900, "<a href=/x/y>t</a>" * 1_500, "&lt;" * 7_000,
        "<a " + "x=1 " * 7_000, "<!-- ", "<![CDATA[ <h2>", "<!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
        "<script>" + "x" * 500, "<template><h2><a href=/a/b>a/b</a></h2></template>", "\x00" * 99,
        "<h2><a href>x</a></h2>", "<h2><a href='/\u202ea/b'>\u202ea/b</a></h2>", "<svg><h2>" * 900,
    ],
    ids=range(14),
)  # fmt: skip
def test_hostile_row_costs_itself_only_and_little_time(inside: str):
    whole = html("layout-2026")
    hostile = f'<article class="Box-row">{inside}</article>'
    page = read(whole.replace("</body>", hostile + "</body>"))
    assert len(of(RepositoryRecord, page)) == 3
    assert [skip.where for skip in page.skipped] == ["row 4"]


def test_pages_without_measure_are_refused_at_once():
    row = '<article class="Box-row">x</article>'
    assert "too many" in why(row * (MAX_ROWS + 1)).why
    assert "too long" in why(f'<article class="Box-row">{"x" * (MAX_ROW + 1)}</article>').why
    assert why("<article " + "Box-row " * 300_000 + "</article>").why == "the page is cut off"
    assert why("<article " * 100_000).again
    assert why("</article" + " " * 500_000).why.startswith("the layout of the page is unknown")


def test_every_fixture_is_declared_and_none_is_called_recorded():
    index = tomllib.loads((FIXTURES / "index.toml").read_text("utf-8"))["file"]
    assert {one["name"] for one in index} == {path.name for path in FIXTURES.glob("*.html")}
    assert {one["recorded"] for one in index} == {False}


# -- real pages ------------------------------------------------------------------------------

REAL = {
    "BlossomLoop_GlowFeed--github_trending.html": (
        16,
        ("calesthio/OpenMontage", "Python", 15_694, 1_866, 3_592),
        ("affaan-m/ECC", "JavaScript", 220_546, 33_783, 593),
    ),
    "GGGODLIN_daily-topic-radar--github_trending.html": (
        20,
        ("Alishahryar1/free-claude-code", "Python", 11_139, 1_636, 3_975),
        ("pydantic/pydantic-ai", "Python", 16_627, 1_984, 22),
    ),
    "huchenme_github-trending-api--trending_2020.html": (
        25,
        ("jwasham/coding-interview-university", None, 99_949, 29_350, 498),
        ("vuejs/vue", "JavaScript", 157_964, 23_807, 161),
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_page_is_read_whole(name: str, real_data: Path):
    body = (real_data / "github" / "trending" / name).read_bytes()
    page = read(body)
    count, first, last = REAL[name]
    found = shown(page)
    assert (len(found), found[0], found[-1]) == (count, first, last)
    assert page.skipped == ()
    assert all(stars and forks and then for _, _, stars, forks, then in found)
    assert [one.extra["trending"]["rank"] for one in of(RepositoryRecord, page)] == [
        *range(1, count + 1)
    ]


def test_real_rows_survive_damage_in_another_one(real_data: Path):
    """Bytes flipped in one row of a real page; every other row is read as before."""
    choose = random.Random(13)
    path = real_data / "github" / "trending" / "GGGODLIN_daily-topic-radar--github_trending.html"
    whole = path.read_text("utf-8")
    rows = [row[0] for row in rows_of(whole)][:6]
    piece = "<html>" + "\n".join(rows) + "</html>"
    intact = [one.model_dump_json() for one in read(piece).records]
    survived = 0
    for _ in range(120):
        at = choose.randrange(len(rows))
        damaged = bytearray(rows[at].encode())
        damaged[choose.randrange(len(damaged))] = choose.randrange(128)
        given = [row.encode() for row in rows]
        given[at] = bytes(damaged)
        try:
            page = read(b"<html>" + b"\n".join(given) + b"</html>")
        except SourceError:
            continue
        survived += 1
        rest = intact[: 2 * at] + intact[2 * at + 2 :]
        assert set(rest) <= {one.model_dump_json() for one in page.records}
    assert survived > 90
