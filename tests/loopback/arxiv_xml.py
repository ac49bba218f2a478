"""Made-up papers as arXiv's interfaces write them."""

from datetime import UTC, date, datetime
from xml.sax.saxutils import escape

from tests.loopback.exchange import Reply
from tests.loopback.world import Paper

STAMP = "%a, %d %b %Y 10:00:00 GMT"


def set_of(category: str) -> str:
    """`cs:cs:LG`."""
    archive, _, subject = category.partition(".")
    return f"{archive}:{archive}:{subject}"


def in_set(wanted: str, category: str) -> bool:
    own = set_of(category)
    return own == wanted or own.startswith(f"{wanted}:")


def raw(paper: Paper) -> str:
    versions = "".join(
        f'<version version="v{number}"><date>{day.strftime(STAMP)}</date><size>{paper.number}kb</size>'
        f"<source_type>{'I' if paper.withdrawn and number == paper.versions else 'D'}</source_type>"
        "</version>"
        for number, day in enumerate((paper.submitted, paper.changed)[: paper.versions], 1)
    )
    authors = ", ".join(" ".join(name) for name in paper.authors)
    said = {
        "title": paper.title,
        "authors": authors,
        "categories": " ".join(paper.categories),
        "comments": paper.comment,
        "license": "http://creativecommons.org/licenses/by/4.0/",
        "abstract": f"  {paper.abstract}\n",
    }
    head = f"<id>{paper.identifier}</id><submitter>Ada Lovelace</submitter>"
    return head + versions + _elements(said)


def plain(paper: Paper) -> str:
    people = "".join(
        f"<author><keyname>{escape(name)}</keyname><forenames>{escape(first)}</forenames></author>"
        for first, name in paper.authors
    )
    days = {"created": paper.changed.isoformat()}
    if paper.versions > 1:
        days["updated"] = paper.changed.isoformat()
    said = {
        "title": paper.title,
        "categories": " ".join(paper.categories),
        "comments": paper.comment,
        "license": "http://creativecommons.org/licenses/by/4.0/",
        "abstract": f"  {paper.abstract}\n",
    }
    head = f"<id>{paper.identifier}</id>{_elements(dict(days))}"
    return f"{head}<authors>{people}</authors>{_elements(said)}"


def _elements(said: dict[str, str | None]) -> str:
    return "".join(f"<{name}>{escape(one)}</{name}>" for name, one in said.items() if one)


def entry(paper: Paper) -> str:
    name = f"{paper.identifier}v{paper.versions}"
    people = "".join(
        f"<author><name>{escape(' '.join(one))}</name></author>" for one in paper.authors
    )
    terms = "".join(
        f'<category term="{one}" scheme="http://arxiv.org/schemas/atom"/>'
        for one in paper.categories
    )
    comment = f"<arxiv:comment>{escape(paper.comment)}</arxiv:comment>" if paper.comment else ""
    return (
        f"<entry><id>http://arxiv.org/abs/{name}</id><title>{escape(paper.title)}</title>"
        f"<updated>{paper.changed}T10:00:00Z</updated>"
        f'<link href="https://arxiv.org/abs/{name}" rel="alternate" type="text/html"/>'
        f'<link href="https://arxiv.org/pdf/{name}" rel="related" type="application/pdf" title="pdf"/>'
        f"<summary>{escape(paper.abstract)}</summary>{terms}"
        f"<published>{paper.submitted}T10:00:00Z</published>{comment}"
        f'<arxiv:primary_category term="{paper.categories[0]}"/>{people}</entry>'
    )


def atom(inner: str) -> Reply:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">'
        f"<id>https://arxiv.org/api/made-up</id><updated>{now}</updated>{inner}</feed>"
    )
    return Reply(body.encode(), "application/atom+xml; charset=utf-8")


def announced(paper: Paper) -> str:
    name = f"{paper.identifier}v{paper.versions}"
    kind = "replace" if paper.versions > 1 else "new"
    people = ", ".join(" ".join(one) for one in paper.authors)
    terms = "".join(f"<category>{one}</category>" for one in paper.categories)
    words = f"arXiv:{name} Announce Type: {kind} \nAbstract: {paper.abstract}"
    return (
        f"<item><title>{escape(paper.title)}</title>"
        f"<link>https://arxiv.org/abs/{paper.identifier}</link>"
        f'<description>{escape(words)}</description><guid isPermaLink="false">oai:arXiv.org:{name}</guid>'
        f"{terms}<pubDate>{paper.changed.strftime('%a, %d %b %Y 00:00:00 -0400')}</pubDate>"
        f"<arxiv:announce_type>{kind}</arxiv:announce_type>"
        "<dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>"
        f"<dc:creator>{escape(people)}</dc:creator></item>"
    )


def channel(categories: str, day: date, inner: str) -> str:
    stamp = day.strftime("%a, %d %b %Y 00:00:00 -0400")
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:atom="http://www.w3.org/2005/Atom" version="2.0"><channel>'
        f"<title>{categories} updates on arXiv.org</title><link>http://rss.arxiv.org/rss/{categories}</link>"
        f"<description>{categories} updates on the arXiv.org e-print archive.</description>"
        f"<language>en-us</language><lastBuildDate>{stamp}</lastBuildDate><pubDate>{stamp}</pubDate>"
        f"<skipDays><day>Sunday</day><day>Saturday</day></skipDays>{inner}</channel></rss>"
    )
