"""The exact tokens by which a search is narrowed: categories and authors."""

from itertools import pairwise

from hub.words import folded


def categories_of(categories: list[str]) -> list[str]:
    """`category:cs.lg` and its archive `category:cs` for each category, each once."""
    tokens: dict[str, None] = {}
    for category in categories:
        lower = category.lower()
        tokens[f"category:{lower}"] = None
        tokens[f"category:{lower.partition('.')[0]}"] = None
    return list(tokens)


def authors_of(names: list[str]) -> list[str]:
    """Tokens for each word of a name and each pair of neighbours: `he`, `kaiming he`.

    Pairs are what lets `--author "Kaiming He"` pass by a paper of Kaiming Li and Xin He.
    """
    tokens: dict[str, None] = {}
    for name in names:
        for token in author_tokens(name):
            tokens[token] = None
    return list(tokens)


def author_tokens(name: str) -> list[str]:
    """The tokens of one name."""
    words = folded(name).replace(".", " ").replace("-", " ").split()
    pairs = [f"author:{first} {second}" for first, second in pairwise(words)]
    return [f"author:{word}" for word in words] + pairs


def author_filter(asked: str) -> list[str]:
    """The tokens that all must be there for an author as a user types it: `He, Kaiming` too."""
    last, comma, first = asked.partition(",")
    name = f"{first} {last}" if comma else asked
    tokens = author_tokens(name)
    pairs = [token for token in tokens if " " in token]
    return pairs or tokens
