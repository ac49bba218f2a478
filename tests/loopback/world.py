"""Made-up papers and repositories, the same ones each time."""

from dataclasses import dataclass, field
from datetime import date, timedelta

FIRST_DAY = date(2024, 1, 1)

CATEGORIES = (("cs.LG", "stat.ML"), ("cs.CV",), ("cs.CL", "cs.AI"), ("cs.NE", "cs.LG"))
TOPICS = ("sparse attention", "small networks", "noisy labels", "image patches", "token mixing")
NAMES = (
    (("Ada", "Lovelace"), ("Alan", "Turing")),
    (("Jos\\'e", "Garc\\'{\\i}a"), ("Bal\\'azs", "K\\'egl")),
    (("Grace", "Hopper"),),
)


@dataclass(frozen=True)
class Paper:
    """A paper that nobody wrote."""

    number: int
    """From 1."""
    days: int
    """Over how many days all of them are spread."""
    count: int

    @property
    def identifier(self) -> str:
        return f"2401.{self.number:05}"

    @property
    def title(self) -> str:
        return f"Made-up Paper {self.number} on {self.topic}"

    @property
    def topic(self) -> str:
        return TOPICS[self.number % len(TOPICS)]

    @property
    def abstract(self) -> str:
        return (
            f"We look at {self.topic} & report what {self.number} trials < {self.number + 1} say."
        )

    @property
    def authors(self) -> tuple[tuple[str, str], ...]:
        """Forenames and name, a third of them with LaTeX accents."""
        return NAMES[self.number % len(NAMES)]

    @property
    def categories(self) -> tuple[str, ...]:
        """The primary one first."""
        return CATEGORIES[self.number % len(CATEGORIES)]

    @property
    def repository(self) -> str | None:
        """Of every fourth paper."""
        return f"lab-{self.number % 7}/net-{self.number}" if self.number % 4 == 0 else None

    @property
    def withdrawn(self) -> bool:
        return self.number % 25 == 0

    @property
    def comment(self) -> str | None:
        if self.withdrawn:
            return "This paper has been withdrawn by the authors"
        if self.repository:
            return f"{self.number % 20 + 5} pages. Code: https://github.com/{self.repository}"
        return None if self.number % 3 else f"{self.number % 20 + 5} pages"

    @property
    def versions(self) -> int:
        return 2 if self.number % 5 == 0 else 1

    @property
    def changed(self) -> date:
        """The day on which its record last changed; ids and days rise together."""
        return FIRST_DAY + timedelta(days=(self.number - 1) * self.days // max(1, self.count))

    @property
    def submitted(self) -> date:
        return self.changed - timedelta(days=30 * (self.versions - 1))


@dataclass(frozen=True)
class Repository:
    """A repository that nobody pushed to."""

    number: int
    name: str
    """owner/name."""
    stars: int
    archived: bool = False
    fork: bool = False
    topics: tuple[str, ...] = ("deep-learning",)
    readme: str | None = None
    newcomers: int = 3
    """Open issues for newcomers."""


@dataclass
class World:
    """Everything that the interfaces speak of. Tests may change it while a server runs."""

    papers: list[Paper]
    repositories: dict[str, Repository]
    """By owner/name in lower case."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Former owner/name -> the one of today, both in lower case."""
    gone: set[str] = field(default_factory=set)
    """Answered with 404."""
    blocked: set[str] = field(default_factory=set)
    """Answered with 451."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Of the archive, by name."""

    @property
    def last_day(self) -> date:
        return max((paper.changed for paper in self.papers), default=FIRST_DAY)


def world(papers: int = 60, days: int = 10) -> World:
    """So many papers, changed over so many days, and the repositories that they name."""
    written = [Paper(number, days, papers) for number in range(1, papers + 1)]
    named = [(paper, paper.repository) for paper in written if paper.repository]
    repositories = {
        name: Repository(
            number=1_000 + paper.number,
            name=name,
            stars=10_000 // paper.number + paper.number,
            archived=paper.number % 16 == 0,
            fork=paper.number % 20 == 0,
            readme=f"# {name}\n\nCode of https://arxiv.org/abs/{paper.identifier}\n",
        )
        for paper, name in named
    }
    return World(written, repositories)
