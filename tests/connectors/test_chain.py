"""A wallet on a real EVM: found by logs and bisection, explained to the wei."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config.errors import DataError, TransientError
from connectors.chains.discover import changed_blocks, transactions_by_logs
from connectors.chains.rpc import Rpc
from connectors.chains.topics import NATIVE_LOGS, TRANSFER, padded
from connectors.chains.translate import ASK_BACK, ChainTranslator
from connectors.chains.wallet import Wallet
from connectors.records import Entry, RawRecord
from connectors.retry import RetryPolicy
from syncer.demo.chain import CHAIN_ID, GENESIS, SandboxChain, calldata, key
from syncer.demo.rpc_server import RpcServer
from tests.serving import serving

D = Decimal
ME, FRIEND, FUNDER, MAKER = key(0xBEEF), key(0xCAFE), key(1), key(2)
ETHER = 10**18


@pytest.fixture
def chain() -> SandboxChain:
    """Received, wrapped, partly unwrapped, sent to itself and away, and two sends in no block."""
    made = SandboxChain()
    weth = made.deploy(MAKER, GENESIS + 60, "WrappedCoin")
    made.transact(FUNDER, GENESIS + 120, ME.address, 3 * ETHER)
    made.transact(ME, GENESIS + 180, weth, ETHER, calldata("WrappedCoin", "deposit"))
    made.transact(ME, GENESIS + 240, weth, 0, calldata("WrappedCoin", "withdraw", ETHER // 4))
    made.transact(ME, GENESIS + 300, ME.address, ETHER // 10, gas=21_000)
    made.transact(ME, GENESIS + 360, FRIEND.address, ETHER // 2, gas=21_000)
    return made


@pytest.fixture
def url(chain: SandboxChain) -> Iterator[str]:
    with serving(RpcServer(chain).app()) as found:
        yield found


def read_to(block: int, *addresses: str) -> dict[str, str]:
    """A cursor that has read these addresses (ours) up to a block."""
    known = [a.lower() for a in addresses or (ME.address,)]
    return {"chain": json.dumps({"block": block, "addresses": known})}


async def pulled(
    url: str,
    cursors: dict[str, str] | None = None,
    known: list[RawRecord] | None = None,
    addresses: tuple[str, ...] = (ME.address,),
) -> list[RawRecord]:
    rpc = Rpc("demo", [url], RetryPolicy(base=0.01))
    wallet = Wallet("w@demo", "w", addresses, rpc, CHAIN_ID, 0, known or ())
    records: list[RawRecord] = []
    try:
        async for page in wallet.pull(cursors or {}):
            records += page.records
    finally:
        await wallet.close()
    return records


def translated(records: list[RawRecord]) -> list[Entry]:
    found = ChainTranslator("w", [ME.address], "demo", CHAIN_ID)(records)
    assert found.problems == ()
    return sorted(found.entries, key=lambda e: (e.at, e.role, e.asset))


async def test_wallet_reconciles_to_the_wei(url: str, chain: SandboxChain) -> None:
    entries = translated(await pulled(url))
    sums: dict[str, Decimal] = {}
    for entry in entries:
        sums[entry.asset] = sums.get(entry.asset, D(0)) + entry.quantity
    held = D(chain.tester.get_balance(ME.address)) / ETHER
    assert sums == {"ETH": held, "WETH": D("0.75")}
    assert [(e.kind, e.role, e.asset) for e in entries if e.role == "principal"] == [
        ("received", "principal", "ETH"),
        ("wrap", "principal", "ETH"),
        ("wrap", "principal", "WETH"),
        ("unwrap", "principal", "ETH"),
        ("unwrap", "principal", "WETH"),
        ("sent", "principal", "ETH"),
    ]
    assert len([e for e in entries if e.role == "fee"]) == 4


async def test_logs_miss_what_bisection_finds(url: str, chain: SandboxChain) -> None:
    rpc = Rpc("demo", [url])
    try:
        head = chain.tester.get_block_by_number("latest")["number"]
        by_logs = await transactions_by_logs(rpc, [ME.address], 0, head)
        me = ME.address.lower()
        blocks = (await changed_blocks(rpc, [me], -1, head))[me]
    finally:
        await rpc.close()
    assert len(by_logs) == 2  # the wrap and the unwrap
    assert sorted(blocks) == [2, 3, 4, 5, 6]
    assert blocks[2] == ((0, 0), (0, 3 * ETHER))


async def test_range_caps_are_learnt_by_halving(url: str, chain: SandboxChain) -> None:
    rpc, spans = Rpc("demo", [url]), []
    send = rpc._send

    async def capped(calls: list[Any], *endpoint: Any) -> list[dict[str, Any]]:
        if calls[0][0] == "eth_getLogs":
            asked = calls[0][1][0]
            span = int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) + 1
            spans.append(span)
            if span > 2:
                return [
                    {"error": {"code": -32602, "message": "query exceeds max block range 2"}}
                ] * 3
        return await send(calls, *endpoint)

    rpc._send = capped  # type: ignore[method-assign]
    try:
        assert len(await transactions_by_logs(rpc, [ME.address], 0, 6)) == 2
    finally:
        await rpc.close()
    assert spans[0] == 7
    assert min(spans) >= 1


async def test_second_pull_reads_on_from_the_cursor(url: str, chain: SandboxChain) -> None:
    first = await pulled(url)
    again = await pulled(url, read_to(6))
    assert {(r.stream, r.native_id, r.body) for r in again} <= {
        (r.stream, r.native_id, r.body) for r in first
    }
    chain.transact(FUNDER, GENESIS + 420, ME.address, ETHER)
    more = await pulled(url, read_to(6))
    assert (
        len(translated([*first, *(r for r in more if r not in first)]))
        == len(translated(first)) + 1
    )


async def test_wrong_chain_is_said(chain: SandboxChain, url: str) -> None:
    wallet = Wallet("w@demo", "w", [ME.address], Rpc("demo", [url]), 1, 0)
    with pytest.raises(DataError, match=rf"is on chain {CHAIN_ID}, not 1; correct \[chains.demo\]"):
        await wallet.check_key()
    await wallet.close()


async def test_next_endpoint_serves_when_the_first_is_gone(url: str) -> None:
    rpc = Rpc("demo", ["http://127.0.0.1:9", url], RetryPolicy(base=0.01))
    try:
        assert int(await rpc.call("eth_chainId"), 16) == CHAIN_ID
    finally:
        await rpc.close()
    alone = Rpc("demo", ["http://127.0.0.1:9"], RetryPolicy(base=0.01))
    with pytest.raises(TransientError, match="no node of demo answered"):
        await alone.call("eth_chainId")
    await alone.close()


# ---- made-up records, for what the sandbox does not do


def transfer_log(contract: str, sender: str, receiver: str, amount: int) -> dict[str, Any]:
    topics = [TRANSFER, padded(sender), padded(receiver)]
    return {"address": contract, "topics": topics, "data": hex(amount)}


def transaction(*logs: dict[str, Any], **given: Any) -> RawRecord:
    receipt = {"status": "0x1", "blockNumber": "0x5", "gasUsed": "0x5208", "logs": list(logs)}
    receipt |= {"effectiveGasPrice": "0x1", **given.pop("receipt", {})}
    body = {
        "transaction": {"from": FUNDER.address, "to": MAKER.address, "value": "0x0", **given},
        "receipt": receipt,
        "timestamp": hex(GENESIS),
    }
    return RawRecord("w@demo", "txs", "0xh", None, json.dumps(body))


def token(contract: str, decimals: int | None) -> RawRecord:
    body = json.dumps({"contract": contract, "decimals": decimals, "symbol": "X"})
    return RawRecord("w@demo", "tokens", contract, None, body)


@pytest.mark.parametrize(
    ("decimals", "raw", "quantity"),
    [
        (6, 23398708, "23.398708"),
        (8, 150000000, "1.5"),
        (18, 1, "0.000000000000000001"),
        (18, 2500000000000000001, "2.500000000000000001"),
        (0, 7, "7"),
        (77, 10**77, "1"),
        (
            18,
            2**256 - 1,
            "115792089237316195423570985008687907853269984665640564039457.584007913129639935",
        ),
    ],
)
def test_raw_amounts_by_the_tokens_own_decimals(decimals: int, raw: int, quantity: str) -> None:
    log = transfer_log("0xc0", FUNDER.address, ME.address, raw)
    (entry,) = translated([transaction(log), token("0xc0", decimals)])
    assert (entry.asset, entry.quantity) == ("demo:0xc0", D(quantity))


def test_token_without_decimals_is_set_aside_not_taken_as_18() -> None:
    log = transfer_log("0xc0", FUNDER.address, ME.address, 5)
    found = ChainTranslator("w", [ME.address], "demo", CHAIN_ID)(
        [transaction(log), token("0xc0", None)]
    )
    assert found.entries == ()
    assert [p.sentence for p in found.problems] == ["the decimals of token 0xc0 cannot be read"]


def test_zero_value_transfers_are_nothing() -> None:
    log = transfer_log("0xc0", ME.address, FUNDER.address, 0)
    assert translated([transaction(log), token("0xc0", 18)]) == []


def test_stranger_cannot_fake_a_wrap() -> None:
    from connectors.chains.topics import DEPOSIT

    log = {"address": "0xc0", "topics": [DEPOSIT, padded(ME.address)], "data": hex(ETHER)}
    assert translated([transaction(log), token("0xc0", 18)]) == []


def test_fee_adds_the_l1_part_and_blob_gas_only_for_type_3() -> None:
    receipt = {"l1Fee": "0x64", "blobGasUsed": "0xa", "blobGasPrice": "0xa"}
    for type_, wei in (("0x2", 21100), ("0x3", 21200)):
        record = transaction(**{"from": ME.address, "type": type_}, receipt=receipt)
        (entry,) = translated([record])
        assert (entry.role, entry.quantity) == ("fee", D(-wei) / ETHER)


def test_balance_change_that_nothing_explains_is_an_entry_of_its_own() -> None:
    body = {"number": 9, "timestamp": hex(GENESIS), "address": ME.address.lower(), "before": "5"}
    block = RawRecord("w@demo", "blocks", "9:me", None, json.dumps({**body, "after": "50"}))
    (entry,) = translated([block])
    assert (entry.kind, entry.quantity) == ("unexplained", D(45) / ETHER)


def test_what_was_asked_back_from_a_validator_is_no_reward() -> None:
    """EIP-7002: any part of a stake may be, so one below 8 ETH is told by its amount."""
    gwei, key = 1_500_000_000, "ab" * 48
    asked = {"from": ME.address, "to": ASK_BACK, "input": f"0x{key}{gwei:016x}"}
    paid = [{"index": i, "validator": 7, "gwei": g} for i, g in ((5, gwei), (6, 99))]
    body = {"number": 9, "timestamp": hex(GENESIS), "address": ME.address.lower(), "before": "0"}
    body |= {"after": str((gwei + 99) * 10**9), "withdrawals": paid}
    block = RawRecord("w@demo", "blocks", "9:me", None, json.dumps(body))
    found = translated([transaction(**asked), block])
    came = [(e.kind, e.group) for e in found if e.quantity > 0]
    assert came == [("received", "withdrawal:5"), ("income:staking", "withdrawal:6")]


@pytest.mark.parametrize(
    ("gwei", "kind"), [(12_345_678, "income:staking"), (32_000_000_000, "received")]
)
def test_what_a_validator_pays_out_is_told_by_its_block(gwei: int, kind: str) -> None:
    """Small ones are rewards; a large one brings the stake back, and a person must part it."""
    paid = {"index": 5, "validator": 7, "gwei": gwei}
    body = {"number": 9, "timestamp": hex(GENESIS), "address": ME.address.lower(), "before": "5"}
    body |= {"after": str(5 + gwei * 10**9), "withdrawals": [paid]}
    (entry,) = translated([RawRecord("w@demo", "blocks", "9:me", None, json.dumps(body))])
    assert (entry.kind, entry.quantity) == (kind, D(gwei) / 10**9)
    assert (entry.group, entry.evidence) == ("withdrawal:5", "withdrawal 5 of validator 7")


@pytest.mark.parametrize(
    ("fields", "wei"),
    [
        ({"operatorFeeScalar": "0x7a120", "operatorFeeConstant": "0x5"}, 21000 + 10500 + 5),
        (
            {
                "operatorFeeScalar": "0x2",
                "operatorFeeConstant": "0x5",
                "daFootprintGasScalar": "0x1",
            },
            21000 + 21000 * 2 * 100 + 5,
        ),
        ({"gasUsedForL1": "0x64"}, 21000),
    ],
)
def test_fees_of_other_chains(fields: dict[str, str], wei: int) -> None:
    """Operator fees of Isthmus and Jovian; Arbitrum's L1 part is inside its gas used."""
    (entry,) = translated([transaction(**{"from": ME.address}, receipt=fields)])
    assert (entry.role, entry.quantity) == ("fee", D(-wei) / ETHER)


@pytest.mark.parametrize("type_", ["0x7e", "0x64", "0x69"])
def test_deposits_of_an_l2_pay_no_fee_there(type_: str) -> None:
    assert translated([transaction(**{"from": ME.address, "type": type_})]) == []


def test_internal_transfer_is_read_from_the_balance() -> None:
    record = transaction(**{"from": ME.address, "value": "0x0"}, receipt={"gasUsed": "0x7530"})
    body = {"number": 5, "timestamp": hex(GENESIS), "address": ME.address.lower()}
    before, after = str(10**6), str(10**6 - 30000 + 777)
    block = RawRecord(
        "w@demo", "blocks", "5:me", None, json.dumps({**body, "before": before, "after": after})
    )
    fee, internal = sorted(translated([record, block]), key=lambda e: e.quantity)
    assert (fee.quantity, internal.quantity) == (D(-30000) / ETHER, D(777) / ETHER)
    assert internal.txid == "0xh"
    assert "from the balance change" in (internal.evidence or "")


@pytest.mark.parametrize("status", ["0x1", "0x0"])
def test_what_a_deposit_from_l1_brings_is_there_even_if_it_fails(status: str) -> None:
    fields = {"from": ME.address, "type": "0x7e", "mint": hex(ETHER), "value": hex(ETHER // 4)}
    record = transaction(**fields, receipt={"status": status})
    found = translated([record])
    moved = sorted((e.quantity, e.kind, e.group) for e in found)
    arrived = (D(1), "bridge", "0xh:arrival" if status == "0x1" else "0xh")
    assert moved == ([(D("-0.25"), "sent", "0xh")] if status == "0x1" else []) + [arrived]


def test_a_plain_send_called_nothing_that_could_have_paid() -> None:
    record = transaction(**{"from": ME.address, "value": "0x0"})
    body = {"number": 5, "timestamp": hex(GENESIS), "address": ME.address.lower()}
    body |= {"before": str(10**6), "after": str(10**6 - 21000 + 777)}
    block = RawRecord("w@demo", "blocks", "5:me", None, json.dumps(body))
    kinds = sorted((e.kind, e.quantity) for e in translated([record, block]))
    assert kinds == [("sent", D(-21000) / ETHER), ("unexplained", D(777) / ETHER)]


def test_chain_is_found_again_from_its_file(tmp_path: Path) -> None:
    first = SandboxChain(tmp_path / "chain.json")
    first.transact(FUNDER, GENESIS + 60, ME.address, ETHER)
    again = SandboxChain(tmp_path / "chain.json")
    one, two = (c.tester.get_block_by_number("latest") for c in (first, again))
    assert (one["hash"], one["timestamp"]) == (two["hash"], GENESIS + 60)


# ---- what an adversarial reading found


async def test_address_that_comes_later_has_its_past_read(url: str) -> None:
    both = (ME.address, FRIEND.address)
    records = await pulled(url, read_to(6), addresses=both)
    translator = ChainTranslator("w", both, "demo", CHAIN_ID)
    moves = [e for e in translator(records).entries if e.role == "principal"]
    # what went to the friend stays in the account now: out and in of the same transaction
    assert {D("-0.5"), D("0.5")} <= {e.quantity for e in moves if e.asset == "ETH"}
    assert len(await pulled(url, read_to(6, *both), addresses=both)) == len(records)


async def test_reorg_retracts_what_is_there_no_more(url: str) -> None:
    first = await pulled(url)
    stale = transaction(receipt={"blockNumber": "0x4"}, **{"to": ME.address, "value": hex(ETHER)})
    again = await pulled(url, read_to(6), [*first, stale])
    (gone,) = [r for r in again if r.body == '{"gone":true}']
    assert (gone.stream, gone.native_id) == ("txs", "0xh")
    kept = {(r.stream, r.native_id): r for r in (*first, stale, *again)}
    assert translated(list(kept.values())) == translated(first)


@pytest.mark.parametrize("method", ["eth_getBalance", "eth_getTransactionReceipt", "eth_getLogs"])
async def test_missing_answer_is_not_zero(method: str, url: str) -> None:
    rpc = Rpc("demo", [url])
    send = rpc._send

    async def forgetful(calls: list[Any], *endpoint: Any) -> list[dict[str, Any]]:
        answers = await send(calls, *endpoint)
        return [
            {"result": None} if c[0] == method else a for c, a in zip(calls, answers, strict=True)
        ]

    rpc._send = forgetful  # type: ignore[method-assign]
    wallet = Wallet("w@demo", "w", [ME.address], rpc, CHAIN_ID, 0)
    with pytest.raises(TransientError, match=f"answered nothing to {method}"):
        _ = [page async for page in wallet.pull({})]
    await wallet.close()


async def test_rate_limit_in_a_batch_is_waited_for(url: str) -> None:
    rpc = Rpc("demo", [url], RetryPolicy(limited=0.01))
    send, refusals = rpc._send, [1, 1]

    async def busy(calls: list[Any], *endpoint: Any) -> list[dict[str, Any]]:
        if refusals:
            refusals.pop()
            raise rpc._limited({"Retry-After": "0"})
        return await send(calls, *endpoint)

    rpc._send = busy  # type: ignore[method-assign]
    assert int(await rpc.call("eth_chainId"), 16) == CHAIN_ID
    await rpc.close()


@pytest.mark.parametrize("emitter", sorted(NATIVE_LOGS))
def test_native_transfers_as_logs_are_told_by_the_balance_already(emitter: str) -> None:
    log = transfer_log(emitter, FUNDER.address, ME.address, 5)
    assert translated([transaction(log)]) == []


def test_receipts_without_status_failed_if_all_gas_is_used() -> None:
    for used, kinds in (("0x5208", ["failed"]), ("0x5207", ["sent", "sent"])):
        record = transaction(
            **{"from": ME.address, "value": "0x5", "gas": "0x5208"}, receipt={"gasUsed": used}
        )
        body = json.loads(record.body)
        del body["receipt"]["status"]
        found = translated([RawRecord("w@demo", "txs", "0xh", None, json.dumps(body))])
        assert [e.kind for e in found] == kinds


def test_payout_without_events_is_not_given_to_a_strangers_transaction() -> None:
    spam = transaction(transfer_log("0xc0", FUNDER.address, ME.address, 5))
    body = {"number": 5, "timestamp": hex(GENESIS), "address": ME.address.lower(), "before": "0"}
    block = RawRecord("w@demo", "blocks", "5:me", None, json.dumps({**body, "after": "7"}))
    found = translated([spam, token("0xc0", 0), block])
    assert sorted((e.kind, e.group) for e in found) == [
        ("received", "0xh"),
        ("unexplained", "block:5:me"),
    ]


async def test_what_cancels_out_in_a_later_window_is_not_taken_for_a_reorg(
    chain: SandboxChain, url: str
) -> None:
    """A contract wallet: no nonce of its own, and what came in goes out again."""
    purse = key(0x5AFE)  # stands for an address that sends nothing itself
    chain.transact(FUNDER, GENESIS + 480, purse.address, ETHER)
    first = await pulled(url, addresses=(purse.address,))
    assert {r.stream for r in first} == {"txs", "blocks"}
    again = await pulled(url, read_to(6, purse.address), first, (purse.address,))
    assert not [r for r in again if "gone" in r.body]
    rpc = Rpc("demo", [url])
    try:
        address = purse.address.lower()
        found = (await changed_blocks(rpc, [address], -1, 7, known=[7, 3]))[address]
    finally:
        await rpc.close()
    assert list(found) == [7]
