"""No sentence is left in one language."""

import ast
from pathlib import Path
from typing import get_args

import hub
from crawlers import knowledge
from crawlers.records import LinkRecord
from hub.cli.health import _NEEDED, FILES
from hub.cli.shown import _GROUPS, _LABELS
from hub.text import _KINDS, _KINDS_MANY
from hub.text_zh import SENTENCES
from hub.verdict import claims
from reproduce.baseline import declared, names

HUB = Path(hub.__file__).parent
REPRODUCE = HUB.parent / "reproduce"


def spoken() -> set[str]:
    """Every sentence that hub/ hands to `t`, and the docstring of every command."""
    found: set[str] = {
        *_LABELS.values(),
        *_GROUPS.values(),
        *_KINDS.values(),
        *_KINDS_MANY.values(),
    }
    found |= {"new", "changed", "unchanged", "skipped", "embedded"}
    found |= {"running", "done", "interrupted", "damaged"}  # of harvests
    found |= set(get_args(LinkRecord.model_fields["evidence"].annotation))
    found |= {*FILES, *_NEEDED.values()}
    for one in map(declared, names()):
        found |= {one.title, *one.notes}
    for path in HUB.rglob("*.py"):
        if "tui" in path.relative_to(HUB).parts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "t":
                found |= {part.value for part in ast.walk(node.args[0]) if _text(part)}
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                found |= {part.value for part in ast.walk(node.args[0]) if _text(part)}
            if isinstance(node, ast.FunctionDef) and any(
                "command" in ast.unparse(decorator) for decorator in node.decorator_list
            ):
                found.add(" ".join((ast.get_docstring(node) or "").split()))
    found |= told_by_runs()
    return {sentence for sentence in found if any(c.isalpha() for c in sentence)}


def told_by_runs() -> set[str]:
    """Every sentence in which a process of reproduce/ says why a run cannot begin or go on: the hub says it
    in the user's language."""
    nodes = [
        node
        for path in REPRODUCE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    kinds = {"Failure"}
    for _ in range(3):  # as deep as they are derived from each other
        kinds |= {one.name for one in classes if {ast.unparse(base) for base in one.bases} & kinds}
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in kinds | {
            "Sentence"
        }:
            found |= {one.value for one in node.args if _text(one)}  # type: ignore[attr-defined]
    for one in (inner for each in classes if each.name in kinds for inner in ast.walk(each)):
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "super().__init__":
            found |= {part.value for part in one.args if _text(part)}  # type: ignore[attr-defined]
    return found


def _text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_sentence_has_its_chinese() -> None:
    assert sorted(spoken() - SENTENCES.keys()) == []


def test_no_chinese_sentence_is_left_over() -> None:
    assert sorted(SENTENCES.keys() - spoken()) == []


def test_both_languages_fill_in_the_same_names() -> None:
    def blanks(sentence: str) -> set[str]:
        return {part.partition("}")[0] for part in sentence.split("{")[1:]}

    assert [s for s, chinese in SENTENCES.items() if blanks(s) != blanks(chinese)] == []


def test_what_is_said_of_a_published_number_has_its_chinese() -> None:
    for claim in claims(knowledge.folder()).values():
        assert claim.where_zh and claim.protocol_zh, claim.key
        assert len(claim.disputes_zh) == len(claim.disputes), claim.key


def test_chinese_is_chinese() -> None:
    unchanged = {"DOI", "pwc"}  # names in both languages
    assert [
        s for s, chinese in SENTENCES.items()
        if s not in unchanged and not any("\u4e00" <= c <= "\u9fff" for c in chinese)
    ] == []  # fmt: skip
