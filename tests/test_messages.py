"""No message of an error is left in English: each is found in the code, filled in, and said in Chinese."""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from string import Formatter

import pytest

import crawlers
import hub
import reproduce
from hub import text
from hub.messages_zh import MESSAGES, PARSER
from hub.text import told
from tests.hubtest import run

ERRORS = (
    "HubError", "UsageError", "NetworkError", "NotFound", "Damaged", "Locked",
    "SourceError", "Refusal", "Incomplete", "_Again", "CannotRun", "CannotShare", "DataError",
)  # fmt: skip
MADE_APART = {
    "--resume goes on from the last checkpoint",
    "GitHub has no topics like {topic}: letters a to z, digits, hyphens",
    "a GitHub search has at most {most} AND, OR and NOT; this one has {n}",
    "a GitHub search has at most {most} characters; this one has {n}",
    "config: no setting {name}",
    "config: no setting {name}; did you mean {near}?",
    "leave stars: out of the search: it is read in slices by stars",
    "nested too deeply",
    "the answer is longer than {n} MiB",
    "the source names no metric",
    "whether a higher or a lower {metric} is better is not known",
    "{metric} is printed as percent in some rows and as a fraction in others",
    "{place} is not {file}: expected {expected}; got {got}",
    "{title}: {place} lacks {files}",
}
"""Messages that a function puts together, or that pass through an error of Python's own."""

COMMANDS = ("hub ", "pip ", "--", "owner/name")
"""What a hint may be instead of a sentence: something to type."""


@pytest.fixture
def in_chinese() -> Iterator[None]:
    text.speak("zh")
    yield
    text.speak(None)


def messages() -> dict[str, str]:
    """Every message that a call of an error can have, with a mark in the place of each value -> place."""
    found: dict[str, str] = {}
    for package in (hub, crawlers, reproduce):
        top = Path(str(package.__file__)).parent
        for path in sorted(top.rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            for function in ast.walk(tree):
                if not isinstance(function, ast.FunctionDef | ast.Module):
                    continue
                names = _assigned(tree) | _assigned(function)
                for one in ast.walk(function):
                    for said in _said_by(one, names):
                        found.setdefault(said, f"{path.relative_to(top.parent)}:{one.lineno}")
    return found


def _assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """What names of a scope may stand for: a message is often put together before it is raised."""
    found: dict[str, list[ast.expr]] = {}
    body = scope.body if isinstance(scope, ast.Module) else ast.walk(scope)
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _said_by(node: ast.AST, names: dict[str, list[ast.expr]]) -> Iterator[str]:
    if isinstance(node, ast.Call):
        error = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if error in ERRORS:
            hints = [part.value for part in node.keywords if part.arg == "hint"]
            what = node.args[1:2] if error == "Refusal" else node.args[:1]
            for part in (*what, *hints, *(node.args[1:2] if error == "DataError" else ())):
                yield from _texts(part, names)
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", "") == "hint":
        yield from _texts(node.value, names)


def _texts(node: ast.expr, names: dict[str, list[ast.expr]]) -> Iterator[str]:
    """The texts that an expression can be; what `t` said is said in the user's language already."""
    match node:
        case ast.Constant(value=str(words)):
            yield words
        case ast.JoinedStr(values=parts):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else f"⟨{at}⟩"
                for at, part in enumerate(parts)
            )
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one, names)
            yield from _texts(other, names)
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from _texts(part, names)
        case ast.BinOp(op=ast.Add(), left=one, right=other):
            pairs = product(_texts(one, names), _texts(other, names))
            yield from (first + second for first, second in pairs)
        case ast.Name(id=name):
            for value in names.get(name, ()):
                if not isinstance(value, ast.Name):
                    yield from _texts(value, names)


def _is_command(message: str) -> bool:
    return message.startswith(COMMANDS) and not message.endswith(".") and ": " not in message


def _only_values(message: str) -> bool:
    """`⟨0⟩: ⟨2⟩` has no words of its own: what stands behind the colon is a message again."""
    return not any(character.isalpha() for character in message)


def _has_chinese(message: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in message)


def test_every_message_of_an_error_is_said_in_chinese(in_chinese: None) -> None:
    spoken = [one for one in messages() if not _is_command(one) and not _only_values(one)]
    assert len(spoken) > 150
    places = messages()
    assert {one: places[one] for one in spoken if not _has_chinese(told(one))} == {}


def test_no_value_of_a_message_is_lost(in_chinese: None) -> None:
    for message in messages():
        marks = {part.partition("⟩")[0] for part in message.split("⟨")[1:]}
        assert marks == {part.partition("⟩")[0] for part in told(message).split("⟨")[1:]}, message


def test_both_languages_of_a_message_fill_in_the_same_names() -> None:
    def names(sentence: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(sentence) if name}

    assert [one for one, said in (MESSAGES | PARSER).items() if names(one) != names(said)] == []


def test_no_message_is_left_over(in_chinese: None) -> None:
    """Each Chinese message is that of something that can go wrong."""
    found = [text.sentence_of(one) for one in messages()]
    assert MESSAGES.keys() - {one[0] for one in found if one} == MADE_APART


def test_a_message_keeps_what_stood_in_it_and_reasons_are_said_too(in_chinese: None) -> None:
    assert told("nothing known as {braces} of [red]") == "没有找到 {braces} of [red]"
    assert told("paper entries have no area") == "论文没有领域"
    assert (
        told("GitHub cannot be reached: no answer in time (slow) (3 tries)")
        == "无法连接 GitHub：没有及时应答（slow）（试了 3 次）"
    )
    assert told("arxiv: the feed is damaged") == "arxiv：订阅源已损坏"
    assert told("GitHub answers with words of its own") == "GitHub answers with words of its own"


def test_messages_stay_english_for_who_reads_english() -> None:
    assert told("nothing known as x") == "nothing known as x"


def test_a_command_says_in_chinese_what_went_wrong_and_what_to_do(tmp_path: Path) -> None:
    said = run("--lang", "zh", "crawl", "arxiv", "--category", "no such", home=tmp_path)
    assert (said.code, said.err) == (2, "错误：no such 不是 arXiv 分类\n例如：cs.LG, stat.ML\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("serch", "x"),
            "错误：没有命令 'serch'；是否指 'search', 'spec', 'serve'？\nhub --help\n",
        ),
        (("search",), "错误：缺少参数 'words'。\nhub search --help\n"),
        (("list", "--jsn"), "错误：没有选项 --jsn（可用的选项：--json）\nhub list --help\n"),
        (("list", "papers", "--year"), "错误：选项 '--year' 需要一个值。\nhub --help\n"),
    ],
)
def test_a_slip_of_the_finger_is_answered_in_chinese(
    words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    said = run("--lang", "zh", *words, home=tmp_path)
    assert (said.code, said.err, said.out) == (2, message, "")
