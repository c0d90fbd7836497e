"""The languages that speech recognition tells apart, by their codes (ISO 639, as in Whisper's
tokenizer), with their English names."""

from __future__ import annotations

_NAMES = """
af Afrikaans, am Amharic, ar Arabic, as Assamese, az Azerbaijani, ba Bashkir, be Belarusian, bg
Bulgarian, bn Bengali, bo Tibetan, br Breton, bs Bosnian, ca Catalan, cs Czech, cy Welsh, da
Danish, de German, el Greek, en English, es Spanish, et Estonian, eu Basque, fa Persian, fi
Finnish, fo Faroese, fr French, gl Galician, gu Gujarati, ha Hausa, haw Hawaiian, he Hebrew, hi
Hindi, hr Croatian, ht Haitian Creole, hu Hungarian, hy Armenian, id Indonesian, is Icelandic, it
Italian, iw Hebrew, ja Japanese, jw Javanese, ka Georgian, kk Kazakh, km Khmer, kn Kannada, ko
Korean, la Latin, lb Luxembourgish, ln Lingala, lo Lao, lt Lithuanian, lv Latvian, mg Malagasy, mi
Maori, mk Macedonian, ml Malayalam, mn Mongolian, mr Marathi, ms Malay, mt Maltese, my Burmese, ne
Nepali, nl Dutch, nn Norwegian, no Norwegian, oc Occitan, pa Punjabi, pl Polish, ps Pashto, pt
Portuguese, ro Romanian, ru Russian, sa Sanskrit, sd Sindhi, si Sinhala, sk Slovak, sl Slovenian,
sn Shona, so Somali, sq Albanian, sr Serbian, su Sundanese, sv Swedish, sw Swahili, ta Tamil, te
Telugu, tg Tajik, th Thai, tk Turkmen, tl Tagalog, tr Turkish, tt Tatar, uk Ukrainian, ur Urdu, uz
Uzbek, vi Vietnamese, yi Yiddish, yo Yoruba, yue Cantonese, zh Chinese
"""

LANGUAGES: dict[str, str] = {
    code: " ".join(name) for code, *name in (entry.split() for entry in _NAMES.split(","))
}
"""Code → English name."""
ENGLISH = "en"
"""What the assistant itself speaks."""


def language_name(code: str) -> str:
    """In English: "German" for "de"; "another language" where the code is not known."""
    return LANGUAGES.get(code, "another language")
