"""What a Key promises: many spellings, one identity; and nothing that only looks like one."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawlers.clean import clean
from crawlers.keys import KIND_OF_PREFIX, arxiv_id, kind_of, paper_key, parse_key, slug

RESNET = """
1512.03385
  1512.03385\t
1512.03385v1
arXiv:1512.03385
ARXIV:1512.03385V3
arxiv: 1512.03385v2
http://arxiv.org/abs/1512.03385
https://arxiv.org/abs/1512.03385v1
https://www.arxiv.org/abs/1512.03385
http://www.arxiv.org/pdf/1512.03385v1.pdf
https://arxiv.org/pdf/1512.03385.pdf
https://arxiv.org/pdf/1512.03385
https://arxiv.org/abs/1512.03385/
https://arxiv.org/abs/1512.03385?context=cs.CV
https://arxiv.org/abs/1512.03385#references
https://arxiv.org/html/1512.03385v1
https://export.arxiv.org/abs/1512.03385
https://ar5iv.org/html/1512.03385
https://ar5iv.labs.arxiv.org/html/1512.03385
https://www.alphaxiv.org/abs/1512.03385v1
https://huggingface.co/papers/1512.03385
HTTPS://ARXIV.ORG/ABS/1512.03385
arxiv.org/abs/1512.03385
www.arxiv.org/abs/1512.03385
10.48550/arXiv.1512.03385
10.48550/ARXIV.1512.03385
doi:10.48550/arXiv.1512.03385
https://doi.org/10.48550/arXiv.1512.03385
http://dx.doi.org/10.48550/arxiv.1512.03385v1
""".strip("\n").split("\n")

PYTORCH = """
github:pytorch/pytorch
github:PyTorch/PyTorch
https://github.com/pytorch/pytorch
http://www.github.com/pytorch/pytorch
https://GitHub.com/PyTorch/PyTorch/
https://github.com/pytorch/pytorch.git
https://github.com/pytorch/pytorch.git/
git@github.com:pytorch/pytorch.git
ssh://git@github.com/pytorch/pytorch.git
ssh://git@github.com:22/pytorch/pytorch
git://github.com/pytorch/pytorch.git
https://github.com/pytorch/pytorch/tree/main/torch/nn
https://github.com/pytorch/pytorch/blob/main/README.md
https://github.com/pytorch/pytorch/tree/v1.0/docs#here
https://github.com/pytorch/pytorch#readme
https://github.com/pytorch/pytorch?tab=readme-ov-file
https://github.com/pytorch/pytorch.
https://github.com/pytorch/pytorch).
github.com/pytorch/pytorch
www.github.com/pytorch/pytorch
""".split()

ONE_OF_EACH = [
    ("math.GT/0309136", "arxiv:math/0309136"),
    ("math/0309136v2", "arxiv:math/0309136"),
    ("MATH.gt/0309136", "arxiv:math/0309136"),
    ("arXiv:hep-th/9711200", "arxiv:hep-th/9711200"),
    ("https://arxiv.org/abs/cs.LG/0102003v1", "arxiv:cs/0102003"),
    ("http://arxiv.org/pdf/astro-ph/0601001.pdf", "arxiv:astro-ph/0601001"),
    ("https://doi.org/10.48550/arXiv.math/0309136", "arxiv:math/0309136"),
    ("0704.0001", "arxiv:0704.0001"),
    ("10.1109/CVPR.2009.5206848", "doi:10.1109/cvpr.2009.5206848"),
    ("doi:10.1109/CVPR.2009.5206848", "doi:10.1109/cvpr.2009.5206848"),
    ("https://doi.org/10.1109/cvpr.2009.5206848", "doi:10.1109/cvpr.2009.5206848"),
    ("http://dx.doi.org/10.1109/cvpr.2009.5206848.", "doi:10.1109/cvpr.2009.5206848"),
    ("doi.org/10.1145/3292500", "doi:10.1145/3292500"),
    ("https://doi.org/10.1002/(SICI)1097-4571", "doi:10.1002/(sici)1097-4571"),
    ("https://openreview.net/forum?id=rJl-b3RcF7", "openreview:rJl-b3RcF7"),
    ("https://openreview.net/pdf?id=rJl-b3RcF7", "openreview:rJl-b3RcF7"),
    ("https://openreview.net/forum?noteId=x&id=rJl-b3RcF7", "openreview:rJl-b3RcF7"),
    ("https://aclanthology.org/P19-1001/", "acl:p19-1001"),
    ("https://www.aclweb.org/anthology/P19-1001.pdf", "acl:p19-1001"),
    ("https://aclanthology.org/2020.acl-main.1.bib", "acl:2020.acl-main.1"),
    ("https://paperswithcode.com/paper/attention-is-all-you-need", "pwc:attention-is-all-you-need"),
    ("https://paperswithcode.com/task/Image-Classification", "task:image-classification"),
    ("https://www.paperswithcode.com/dataset/mnist", "dataset:mnist"),
    ("http://paperswithcode.com/method/residual-block", "method:residual-block"),
    ("https://gitlab.com/Owner/Name.git", "gitlab:owner/name"),
    ("https://bitbucket.org/owner/name/src/master/", "bitbucket:owner/name"),
    ("dataset:MNIST", "dataset:mnist"),
    ("task:image-classification", "task:image-classification"),
    ("https://papers.nips.cc/paper/4824-imagenet", "url:papers.nips.cc/paper/4824-imagenet"),
    ("http://papers.nips.cc/paper/4824-imagenet/", "url:papers.nips.cc/paper/4824-imagenet"),
    ("https://github.com/tensorflow/models.", "github:tensorflow/models"),
    ("https://github.com/a-b/c_d.e-f", "github:a-b/c_d.e-f"),
]

NOTHING = (
    """
hello|residual learning|pytorch/pytorch|1512|1512.033|1512.033855|1513.03385|1500.03385|15120.3385
1512.03385v0|v1512.03385|math/03091367|arxiv:|arxiv:hello|arxiv:1512.03385x|foo:bar|github:|dataset:
github:pytorch|github:pytorch/..|https://github.com/pytorch|https://github.com/|github.com
https://github.com/topics/deep-learning|https://github.com/trending/python
https://github.com/orgs/pytorch/repositories|https://github.com/sponsors/someone
https://arxiv.org/list/cs.LG/recent|https://arxiv.org/|https://arxiv.org/abs/|doi:nonsense
https://paperswithcode.com/sota/image-classification-on-mnist|https://huggingface.co/papers/x
http://|://|http://[::1|http://[::1]/x|https://localhost/x|ftp://example.org/x
file:///etc/passwd|javascript:alert(1)|data:text/html,x|10.1/x|10.48550/arXiv.nonsense|\x00|\u202e
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

TRAPS = [
    "https://web.archive.org/web/2019/http://example.org/paper.pdf",
    "https://github.com/owner/name.git.",
    "https://github.com/owner/name.git.git",
    "https://doi.org/10.1234/a%2541",
    "https://doi.org/10.1234/a%252Fb",
    "https://example.org/a%2520b",
    "https://example.org/a%3Ab",
    "https://example.org/a%23b",
    "https://example.org/?u=http://example.com/",
    "https://paperswithcode.com/dataset/%20",
    "https://paperswithcode.com/task/a%2Fb",
    "https://example.org/%1b[2Jx",
    "https://example.org/a%0Ab",
    "https://example.org/%E2%80%AEx",
    "https://aclanthology.org/%20/",
    "title:hello",
    "url:example.org/x",
    "doi:10.1234/ABC",
]


@pytest.mark.parametrize("text", RESNET)
def test_every_spelling_of_an_arxiv_paper_is_one_key(text: str):
    assert parse_key(text) == "arxiv:1512.03385"


@pytest.mark.parametrize("text", PYTORCH)
def test_every_spelling_of_a_repository_is_one_key(text: str):
    assert parse_key(text) == "github:pytorch/pytorch"


@pytest.mark.parametrize(("text", "key"), ONE_OF_EACH)
def test_text_or_address_names_its_key(text: str, key: str):
    assert parse_key(text) == key


@pytest.mark.parametrize("text", ["", " ", *NOTHING])
def test_what_names_nothing_is_no_key(text: str):
    assert parse_key(text) is None


def test_full_stop_after_an_arxiv_address_is_not_part_of_it():
    assert parse_key("https://arxiv.org/abs/1512.03385.") == "arxiv:1512.03385"


def test_acl_id_typed_in_upper_case_is_the_key_of_its_page():
    assert parse_key("acl:P19-1001") == parse_key("https://aclanthology.org/P19-1001")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1512.03385", "1512.03386"),
        ("https://github.com/a/b", "https://github.com/a/b2"),
        ("https://github.com/a/b", "https://gitlab.com/a/b"),
        ("openreview:rJl-b3RcF7", "openreview:rjl-b3rcf7"),
        ("math/0309136", "cs/0309136"),
        ("https://example.org/paper?id=1", "https://example.org/paper?id=2"),
    ],
)
def test_different_things_have_different_keys(one: str, other: str):
    assert parse_key(one) is not None
    assert parse_key(one) != parse_key(other)


@pytest.mark.parametrize("text", TRAPS)
def test_key_of_a_key_is_that_key(text: str):
    key = parse_key(text)
    assert key is None or parse_key(key) == key


@pytest.mark.parametrize("text", TRAPS)
def test_key_holds_nothing_that_acts_on_a_terminal(text: str):
    key = parse_key(text)
    assert key is None or clean(key) == key


PIECES = st.sampled_from(
    "arxiv: http:// https:// www. arxiv.org/ abs/ pdf/ github.com/ doi.org/ 10.1234/ .git / . v2 "
    "1512.03385 math.GT/0309136 git@ : gitlab.com/ openreview.net/forum?id= paperswithcode.com/ "
    "paper/ dataset/ task/ dataset: url: title: acl: pwc: aclanthology.org/ example.org/ %20 %2F "
    "%41 ? # & = [ ] A b é 学".split()
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=7).map("".join))
@example("https://example.org/[x")
def test_any_text_is_a_key_of_a_known_kind_or_none(text: str):
    key = parse_key(text)
    assert key is None or kind_of(key) in set(KIND_OF_PREFIX.values())


@given(
    st.sampled_from(["github.com", "gitlab.com", "bitbucket.org"]),
    st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,20}", fullmatch=True),
    st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,20}", fullmatch=True),
    st.sampled_from(["", "/", ".git", "/tree/main/x", "#readme"]),
)
def test_repository_key_of_any_spelling_names_itself(host: str, owner: str, name: str, tail: str):
    key = parse_key(f"https://{host}/{owner}/{name}{tail}")
    assert key == parse_key(f"http://www.{host.upper()}/{owner.upper()}/{name.upper()}")
    assert key is None or parse_key(key) == key


@settings(max_examples=500)
@given(st.lists(PIECES, min_size=1, max_size=6).map("".join))
def test_key_of_whatever_could_be_parsed_names_itself(text: str):
    key = parse_key(text)
    assert key is None or parse_key(key) == key


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1512.03385v12", ("1512.03385", 12)),
        ("arXiv:1512.03385", ("1512.03385", None)),
        ("math.GT/0309136v2", ("math/0309136", 2)),
        ("https://arxiv.org/abs/1512.03385", None),
        ("", None),
    ],
)
def test_arxiv_id_is_apart_from_its_version(text: str, found: tuple[str, int | None] | None):
    assert arxiv_id(text) == found


@pytest.mark.parametrize(
    ("url", "title", "key"),
    [
        ("http://arxiv.org/abs/1704.03549v4", "Any", "arxiv:1704.03549"),
        ("1704.03549", None, "arxiv:1704.03549"),
        ("https://github.com/a/b", "A Title", "title:a-title"),
        (None, "A Title!", "title:a-title"),
        ("not an address", "A Title", "title:a-title"),
        (None, None, None),
        ("", "", None),
    ],
)
def test_paper_is_named_by_its_address_or_else_by_its_title(
    url: str | None, title: str | None, key: str | None
):
    assert paper_key(url, title) == key


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Image Classification", "image-classification"),
        ("  Image   Classification ", "image-classification"),
        ("CIFAR-10", "cifar-10"),
        ("CIFAR_10", "cifar-10"),
        ("WMT2014 English-French", "wmt2014-english-french"),
        ("Schölkopf", "scholkopf"),
        ("图像分类", "图像分类"),
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        ("ＭＮＩＳＴ", "mnist"),
        ("Atari 2600 Ms. Pacman", "atari-2600-ms-pacman"),
    ],
)
def test_slug_is_the_name_in_lower_case_joined_by_hyphens(name: str, expected: str):
    assert slug(name) == expected


@given(st.text(max_size=300))
def test_slug_of_a_slug_is_that_slug(name: str):
    assert slug(slug(name)) == slug(name)


@given(st.text(max_size=300))
def test_slug_is_never_empty_never_long_and_has_no_blank(name: str):
    assert 0 < len(slug(name)) <= 121
    assert not any(c.isspace() or c in "/:" for c in slug(name))


@given(st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=200))
def test_key_made_of_a_slug_can_be_typed(name: str):
    assert parse_key(f"task:{slug(name)}") == f"task:{slug(name)}"


def test_names_without_letters_are_told_apart():
    assert len({slug("?"), slug("!"), slug("..."), slug("")}) == 4


def test_long_names_with_one_beginning_are_told_apart():
    assert slug("a" * 200 + " one") != slug("a" * 200 + " two")
