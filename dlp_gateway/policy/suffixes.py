"""Public suffixes: under which names strangers can register.

The list is the one that comes with the publicsuffixlist package; it is never
fetched.
"""

from __future__ import annotations

from publicsuffixlist import PublicSuffixList

# The private section counts here: customers of one hosting domain (github.io) are strangers to each other.
_ALL = PublicSuffixList()
_REGISTRIES = PublicSuffixList(only_icann=True)


def is_public_suffix(domain: str) -> bool:
    """Whether anybody can register directly under the canonical ``domain`` (``com``, ``co.uk``, ``github.io``)."""
    return _ALL.privatesuffix(domain) is None


def registry_suffix(domain: str) -> str:
    """The suffix of the registry that the canonical ``domain`` comes from: ``com.co`` for ``shop.com.co``."""
    return _REGISTRIES.publicsuffix(domain) or ""
