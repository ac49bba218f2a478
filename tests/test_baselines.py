"""Entries lead to the recipes that show them, and every recipe is led to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import baselines
from hub.errors import NotFound
from hub.paths import Paths
from hub.queries import Queries
from tests.hubtest import dataset, home_with, method, paper, run


@pytest.fixture(scope="module")
def queries(embedded: Path) -> Iterator[Queries]:
    opened = Queries(Paths(embedded))
    yield opened
    opened.close()


def of(queries: Queries, text: str) -> list[str]:
    return [one["baseline"] for one in queries.show(text).related.get("baselines", ())]


def test_a_method_leads_to_the_recipes_that_teach_it(queries: Queries) -> None:
    (one,) = queries.show("method:backpropagation").related["baselines"]
    assert one["command"] == "hub reproduce digits_backprop"
    assert Path(one["path"]).is_file()
    assert (one["title"], one["claimed"]) == (baselines.named("digits_backprop").title, None)
    assert of(queries, "method:lenet") == ["mnist_lenet"]
    assert of(queries, "method:transformer") == []


def test_a_method_is_found_under_any_of_its_names(queries: Queries) -> None:
    assert "mnist_mlp" in of(queries, "method:sgd"), "it says method:stochastic-gradient-descent"
    assert "fashion_mnist_cnn" in of(queries, "method:pooling"), "it says method:max-pooling"


def test_every_method_and_dataset_that_a_recipe_names_leads_to_it(queries: Queries) -> None:
    for name in baselines.names():
        one = baselines.named(name)
        data = baselines.dataset_of(one)
        assert data is not None, name
        keys = {*one.teaches, data.key}
        led = set()
        for key in keys:
            bare = key.partition(":")[2].replace("-", " ")
            kind = key.partition(":")[0]
            try:
                found = queries.resolve(key)
            except NotFound:
                found = queries.resolve(bare, kinds=(kind,))
            assert name in of(queries, found), f"{name}: {key}"
            led.add(key)
        assert led == keys


def test_a_dataset_and_a_paper_with_a_claim_lead_to_their_recipes(tmp_path: Path) -> None:
    home = home_with(
        tmp_path / "home",
        dataset("dataset:mnist", "MNIST"),
        method("method:unheard", "Unheard"),
        paper("doi:10.1109/5.726791", "Gradient-based learning applied to document recognition"),
        index=False,
    )
    said = run("show", "dataset:mnist", "--json", home=home)
    assert "mnist_lenet" in [one["baseline"] for one in said.data["related"]["baselines"]]
    said = run("show", "doi:10.1109/5.726791", home=home)
    assert "hub reproduce mnist_lenet" in said.out and "claimed 0.95 %" in said.out
    assert str(baselines.path_of(baselines.named("mnist_lenet"))) in said.out
    said = run("--lang", "zh", "show", "doi:10.1109/5.726791", home=home)
    assert "在本机运行" in said.out
    assert "baselines" not in run("show", "method:unheard", "--json", home=home).data["related"]


def test_an_unknown_baseline_is_not_found_with_the_nearest() -> None:
    with pytest.raises(NotFound) as error:
        baselines.named("MNIST-lenet")
    assert error.value.nearest[0][0] == "mnist_lenet"
