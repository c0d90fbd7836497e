"""Languages by their names."""

from __future__ import annotations

import json

import pytest

from assistant.backends.cascade import weights
from assistant.config.loading import load_config
from assistant.config.schema import ConfigError
from assistant.language.languages import LANGUAGES, language_name


def test_codes_have_english_names() -> None:
    assert [language_name(code) for code in ("de", "nl", "haw", "zh")] == [
        "German",
        "Dutch",
        "Hawaiian",
        "Chinese",
    ]
    assert language_name("qq") == "another language"
    assert all(code.isalpha() and name[:1].isupper() for code, name in LANGUAGES.items())


def test_the_recogniser_knows_no_language_without_a_name() -> None:
    """The tokenizer of English weights lists the languages of all."""
    file = weights.find("packaged:tiny.en").folder / "tokenizer.json"
    tokens = [t["content"] for t in json.loads(file.read_text("utf-8"))["added_tokens"]]
    first, last = tokens.index("<|startoftranscript|>"), tokens.index("<|translate|>")
    codes = {token.strip("<|>") for token in tokens[first + 1 : last]}
    assert len(codes) == 99
    assert codes <= set(LANGUAGES)


def test_a_language_is_set_by_its_code() -> None:
    assert load_config(overrides={"audio.language": "de"}, environ={}).audio.language == "de"
    with pytest.raises(ConfigError, match="code such as"):
        load_config(overrides={"audio.language": "German"}, environ={})
