"""Addresses of extended public keys, against the examples of BIP 44, 49, 84 and 86 (the seed
"abandon ... about")."""

from __future__ import annotations

import pytest
from embit.bip32 import HDKey
from embit.networks import NETWORKS

from config.bitcoin import fault, identity, is_private, plain
from connectors.bitcoin.keys import Key

XPUB = (
    "xpub6BosfCnifzxcFwrSzQiqu2DBVTshkCXacvNsWGYJVVhhawA7d4R5WSWGFNbi8Aw6ZRc1brxMyWMzG3DSSSSoekkud"
    "hUd9yLb6qx39T9nMdj"
)
YPUB = (
    "ypub6Ww3ibxVfGzLrAH1PNcjyAWenMTbbAosGNB6VvmSEgytSER9azLDWCxoJwW7Ke7icmizBMXrzBx9979FfaHxHcrAr"
    "f3zbeJJJUZPf663zsP"
)
ZPUB = (
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mG"
    "DtKsAYz2oz2AGutZYs"
)
TAPROOT = (
    "xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49yf"
    "dDEHGCtMMj92pReUsQ"
)


@pytest.mark.parametrize(
    ("key", "form", "branch", "index", "address"),
    [
        (XPUB, "pkh", 0, 0, "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA"),
        (YPUB, "sh-wpkh", 0, 0, "37VucYSaXLCAsxYyAPfbSi9eh4iEcbShgf"),
        (ZPUB, "wpkh", 0, 0, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"),
        (ZPUB, "wpkh", 0, 1, "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"),
        (ZPUB, "wpkh", 1, 0, "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"),
        (TAPROOT, "tr", 0, 0, "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"),
        (TAPROOT, "tr", 1, 0, "bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7"),
    ],
)
def test_addresses_are_those_of_the_standards(
    key: str, form: str, branch: int, index: int, address: str
) -> None:
    assert Key(key).address(form, branch, index) == address
    assert (fault(key), fault(address)) == (None, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyv", "a letter may be wrong"),
        ("1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabB", "a letter may be wrong"),
        (XPUB[:-1] + "k", "a letter may be wrong"),
        ("Zpub" + ZPUB[4:], "a letter may be wrong"),
        ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "test network"),
        ("cosmos1abcdefgh", "a letter may be wrong"),
    ],
)
def test_what_names_nothing_is_refused_with_the_reason(text: str, sentence: str) -> None:
    assert sentence in (fault(text) or "")


def test_private_keys_are_known_and_spellings_of_one_key_are_one() -> None:
    private = (
        "zprvAdG4iTXWBoARxkkzNpNh8r6Qag3irQB8PzEMkAFeTRXxHpbF9z4QgEvBRmfvqWvGp42t42nvgGpNgYSJA9i"
    )
    wif = "L1uyy5qTuGrVXrmrsvHWHgVzW9kKdrp27wBC7Vs6nZDTF2BRUVwy"
    assert [is_private(t) for t in (private, wif, ZPUB, "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA")] == [
        True,
        True,
        False,
        False,
    ]
    respelled = str(HDKey.from_base58(ZPUB).to_base58(version=NETWORKS["main"]["xpub"]))
    assert (respelled[:4], identity(respelled)) == ("xpub", identity(ZPUB))
    assert identity(XPUB) != identity(ZPUB)
    assert plain("BC1QCR8TE4KR609") == "bc1qcr8te4kr609"
