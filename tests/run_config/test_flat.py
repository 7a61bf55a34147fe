"""What a report may carry of a configuration: everything that explains a run, and no secret."""

from __future__ import annotations

import pytest

from runlens.run_config.flat import HIDDEN, MOST, flat


def test_nested_and_wrapped_values_become_flat() -> None:
    config = {
        "optimizer": {"lr": 3e-4, "betas": [0.9, 0.95]},
        "model": {"value": {"d": 512}, "desc": None},
        "_wandb": {"t": 1},
    }
    assert flat(config) == {"model.d": 512, "optimizer.betas": "[0.9, 0.95]", "optimizer.lr": 3e-4}


@pytest.mark.parametrize(
    "config",
    [
        {"hub_token": "abc"}, {"wandb": {"api_key": "x"}}, {"db_password": "x"}, {"aws_secret_access_key": "x"},
        {"note": "hf_" + "a" * 30}, {"url": "https://user:pw@host/x"}, {"WANDB_API_KEY": "x"}, {"token": "x"},
        {"args": "--key " + "0123456789abcdef" * 2 + "01234567"},
    ],
)  # fmt: skip
def test_secrets_are_hidden(config: dict[str, object]) -> None:
    assert list(flat(config).values()) == [HIDDEN]


def test_what_only_sounds_like_a_secret_is_kept() -> None:
    config = {
        "tokenizer": "gpt2",
        "tokens_per_step": 16384,
        "max_tokens": 5,
        "token": 7,
        "monkey": "yes",
        "pad_token_id": "0",
    }
    assert flat(config) == dict(sorted(config.items()))


def test_long_texts_and_many_entries_are_cut_and_counted() -> None:
    assert len(str(flat({"a": "x" * 5000})["a"])) == 300
    many = flat({f"k{i:04}": i for i in range(MOST + 7)})
    assert many["…"] == "7 more entries"
    assert len(many) == MOST + 1
