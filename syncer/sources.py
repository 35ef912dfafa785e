"""The sources that the settings name: how to open each, and how to read what it said.

Reading needs no key and no network, so books can be rebuilt offline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from config import bitcoin, secrets
from config.accounts import Account
from config.listings import Listing
from config.sections import PriceSource as PriceSettings
from config.settings import Settings
from connectors.bitcoin.esplora import Esplora
from connectors.bitcoin.translate import BitcoinTranslator
from connectors.bitcoin.wallet import BitcoinWallet
from connectors.chains.explorer import Explorer
from connectors.chains.rpc import Rpc, load_web3
from connectors.chains.translate import ChainTranslator
from connectors.chains.wallet import Wallet
from connectors.exchanges.ccxt_parts import exchange_class
from connectors.exchanges.client import VenueClient
from connectors.exchanges.venues import venue_of
from connectors.files import journal, statement
from connectors.files.formats import FORMATS, account_of, is_statement
from connectors.prices import coingecko, defillama, ecb
from connectors.prices.candles import VENUES, Candles
from connectors.prices.chainlink import CHAIN_ID, Chainlink
from connectors.prices.kraken import KrakenPrices
from connectors.prices.source import PriceSource
from connectors.records import Puller, RawRecord, Translator
from connectors.web import Web
from syncer.clock import Clock
from syncer.store import records
from syncer.store.database import Database

Alone = Callable[[RawRecord], bool]
Breaks = Callable[
    [Iterable[RawRecord]], Mapping[str, str]
]  # by asset, where its rows do not follow


def no_breaks(records: Iterable[RawRecord]) -> Mapping[str, str]:
    """For sources whose rows carry no running balance."""
    return {}


@dataclass(frozen=True, slots=True)
class Reader:
    """How to read what a source said; `alone` tells records that need no other one to be read but
    those of the streams `beside`."""

    translate: Translator
    alone: Alone
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Something that can be pulled. `open` raises ConfigError if its key cannot be read."""

    name: str
    account: str
    open: Callable[[Database, Clock], Puller]
    translate: Translator
    alone: Alone
    causes: str = ""  # what is likely behind a balance that differs
    breaks: Breaks = no_breaks
    note: str | None = None  # what a person must know of every figure from here
    beside: tuple[str, ...] = ()


def sources(settings: Settings) -> list[Source]:
    """One source per exchange account, one per wallet and chain."""
    found: list[Source] = []
    for account in settings.account:
        if account.kind == "exchange":
            found.append(_exchange(settings, account))
        elif account.kind == "wallet":
            found += [_wallet(settings, account, chain) for chain in account.evm_chains]
            if bitcoin.NAME in account.chains:
                found.append(_on_bitcoin(settings, account))
    return found


def translators(settings: Settings, stored: Iterable[str] = ()) -> dict[str, Reader]:
    """By source name, the files' included; `stored` are the sources that have records."""
    found = {s.name: Reader(s.translate, s.alone, s.beside) for s in sources(settings)}
    found[journal.SOURCE] = Reader(journal.translate, lambda record: True)
    for name in filter(is_statement, stored):
        translate = partial(statement.translate, FORMATS, account=account_of(name))
        found[name] = Reader(translate, lambda record: False)
    return found


def _exchange(settings: Settings, account: Account) -> Source:
    venue = venue_of(account.venue or "")

    def open_(database: Database, clock: Clock) -> Puller:
        key = secrets.api_key(account, settings.folder)
        client = VenueClient(
            account.venue or "", account.name, key, account.api_url, account.rate_limit_ms
        )
        return venue.talk(account.name, client, clock, account.allow_trade_key)

    return Source(
        account.name,
        account.name,
        open_,
        venue.translate,
        _safely(venue.alone),
        venue.causes,
        venue.breaks,
        venue.note,
        venue.beside,
    )


def _safely(alone: Alone) -> Alone:
    """A record of a shape that nobody knows does not stand for itself."""

    def safe(record: RawRecord) -> bool:
        try:
            return alone(record)
        except (KeyError, TypeError, ValueError, AttributeError):
            return False

    return safe


def _wallet(settings: Settings, account: Account, chain: str) -> Source:
    name, facts = f"{account.name}@{chain}", settings.chains[chain]

    def open_(database: Database, clock: Clock) -> Puller:
        with database.read() as connection:
            known = list(records.latest(connection, name))
        explorer = None
        if facts.explorer_url:
            key = secrets.api_file_key(
                f"the explorer of {chain}", facts.explorer_key_file, settings.folder
            )
            explorer = Explorer(chain, facts.explorer_url, facts.chain_id, key)
        return Wallet(
            name,
            account.name,
            account.evm_addresses,
            Rpc(chain, facts.rpc),
            facts.chain_id,
            facts.confirmations,
            known,
            explorer,
        )

    translate = ChainTranslator(
        account.name, account.evm_addresses, chain, facts.chain_id, settings.token_list
    )
    return Source(name, account.name, open_, translate, lambda record: False)


def _on_bitcoin(settings: Settings, account: Account) -> Source:
    name, facts = f"{account.name}@{bitcoin.NAME}", settings.bitcoin

    def open_(database: Database, clock: Clock) -> Puller:
        with database.read() as connection:
            known = list(records.latest(connection, name))
        web = Web("the Esplora server", facts.esplora_url or "", facts.rate_limit_ms / 1000)
        listed = account.bitcoin_addresses
        others = (o for o in settings.account if o.name != account.name)
        elsewhere = {a: o.name for o in others for a in o.addresses}
        return BitcoinWallet(name, account.name, listed, Esplora(web), clock, known, elsewhere)

    translate = BitcoinTranslator(account.name, account.bitcoin_addresses)
    causes = "the server's lists lag behind its counts, or an address of the account is not listed"
    return Source(name, account.name, open_, translate, lambda record: False, causes)


def load_clients(settings: Settings) -> None:
    """Load what the pulls of these settings need now, so that a service does not stop for it in its
    first pull."""
    candles = {VENUES.get(name, name) for name in settings.prices.sources}
    for venue in sorted(candles | {a.venue for a in settings.account if a.venue}):
        exchange_class(venue)
    if settings.chains:
        load_web3()


def price_sources(settings: Settings) -> list[PriceSource]:
    """The price sources of the settings, in their order; Chainlink where Ethereum is configured."""
    found = (_price_source(name, settings) for name in settings.prices.sources)
    return [one for one in found if one is not None]


def _price_source(name: str, settings: Settings) -> PriceSource | None:
    facts: PriceSettings = getattr(settings.prices, name)
    if name == "kraken":
        client = VenueClient("kraken", "prices", None, facts.api_url, facts.rate_limit_ms)
        return KrakenPrices(client)
    if name in VENUES:
        return Candles(
            name, VenueClient(VENUES[name], "prices", None, facts.api_url, facts.rate_limit_ms)
        )
    if name == "chainlink":
        rpc = [c.rpc for c in settings.chains.values() if c.chain_id == CHAIN_ID]
        urls = [facts.api_url] if facts.api_url else (rpc[0] if rpc else ())
        return Chainlink(Rpc("ethereum", urls)) if urls else None
    return _web_source(name, facts, settings)


def _web_source(name: str, facts: PriceSettings, settings: Settings) -> PriceSource:
    listing = Listing({chain: c.chain_id for chain, c in settings.chains.items()})
    urls = {"defillama": defillama.URL, "coingecko": coingecko.URL, "ecb": ecb.URL}
    url = facts.api_url or urls[name]
    key = secrets.api_file_key(name, facts.key_file, settings.folder)
    headers = coingecko.key_header(url, key) if key and name == "coingecko" else {}
    web = Web(name, url, (facts.rate_limit_ms or _PAUSES[name]) / 1000, headers)
    if name == "ecb":
        return ecb.EcbRates(web)
    made = defillama.DefiLlama if name == "defillama" else coingecko.CoinGecko
    return made(web, listing)


_PAUSES = {"defillama": 250, "coingecko": 2_500, "ecb": 100}  # ms, within what is free
