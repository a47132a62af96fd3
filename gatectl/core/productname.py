"""Which product a public record speaks of, however it is spelt."""

import re
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from gatectl.core.writtenbuild import plain

_BRANDS: Final = ("netscaler", "citrix")
_NEAR: Final = 0.8
_VENDOR_WORDS: Final = frozenset({"cloud", "software", "group", "systems", "inc", "formerly"})
_OURS: Final = frozenset({"adc", "gateway", "application", "delivery", "controller"})
_NEUTRAL: Final = frozenset({"and", "or", "fips", "ndcpp", "builds", "edition"})
_OTHERS: Final = frozenset(
    {"console", "agent", "sdx", "svm", "adm", "sdwan", "wan", "wanop", "intelligence", "cpx", "blx"}
    | {"management", "workspace", "storefront", "desktops", "apps", "hypervisor", "endpoint"}
)
_SAYING_NOTHING: Final = frozenset({"n", "a", "na", "unknown", "unspecified"})


class Product(StrEnum):
    """What a product name is to gatectl."""

    OURS = "adc or gateway"
    OTHER = "another product of the vendor"
    FOREIGN = "a product of somebody else"
    UNNAMED = "names no product: what it affects is unknown, which is not the same as nothing"
    UNCERTAIN = "not certain"


def product_of(vendor: str, product: str) -> Product:
    """Tell the product from its two names; one misspelt letter or two make no other vendor."""
    vendor_words, words = _words(vendor), _words(product)
    if not set(vendor_words + words) - _SAYING_NOTHING:
        return Product.UNNAMED
    if not any(_is_brand(word) for word in vendor_words + words) and not _is_group(vendor_words):
        return Product.FOREIGN
    rest = {word for word in words if not _is_brand(word)} - _VENDOR_WORDS - _NEUTRAL
    if rest & _OTHERS:
        # One row for several products: which of the builds are whose is not told.
        return Product.UNCERTAIN if rest & _OURS else Product.OTHER
    if rest:
        return Product.OURS if rest <= _OURS else Product.UNCERTAIN
    return Product.OURS if any(_near(word, "netscaler") for word in words) else Product.UNCERTAIN


def misspelt(text: str) -> str:
    """Name the word that was taken for the vendor's name though it is spelt otherwise."""
    return next((word for word in _words(text) if _is_brand(word) and word not in _BRANDS), "")


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", plain(text).casefold())


def _is_group(words: list[str]) -> bool:
    return {"cloud", "software", "group"} <= set(words)


def _is_brand(word: str) -> bool:
    return any(_near(word, brand) for brand in _BRANDS)


def _near(word: str, brand: str) -> bool:
    return bool(get_close_matches(word, [brand], cutoff=_NEAR))
