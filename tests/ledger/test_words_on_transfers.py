"""A person's word on transfers: right, apart, to an account that nobody reads, by rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.conftest import Run

JOURNAL = """\
id,time,kind,account,out_asset,out_quantity,in_asset,in_quantity,address
1,2025-01-02T10:00:00Z,buy,a,USD,4000,BTC,4,
2,2025-02-01T10:00:00Z,withdrawal,a,BTC,1,,,bc1qshop
3,2025-02-01T11:00:00Z,deposit,b,,,BTC,1,
4,2025-03-01T10:00:00Z,withdrawal,a,BTC,0.25,,,bc1qshop
5,2025-04-01T10:00:00Z,withdrawal,a,BTC,0.5,,,bc1qdrawer
"""


def _import(run: Run, config: Path, tmp_path: Path) -> None:
    file = tmp_path / "journal.csv"
    file.write_text(JOURNAL, encoding="utf-8")
    assert run("import", str(file), config=config).code == 0


def _review(run: Run, config: Path, *more: str) -> dict[str, Any]:
    rows = run("review", *more, "--json", config=config).json["review"]
    return {r["quantity"]: r for r in rows if r["kind"] not in ("new_account", "no_price")}


def _lots(run: Run, config: Path) -> dict[str, str]:
    rows = run("lots", "--json", config=config).json["lots"]
    return {f"{r['account']} {r['state']} {r['quantity']}": r["basis_usd"] for r in rows}


def test_a_likely_transfer_is_listed_and_taken_apart_or_made_sure(
    run: Run, config: Path, tmp_path: Path
) -> None:
    _import(run, config, tmp_path)
    (item,) = _review(run, config, "--likely").values()
    assert (item["kind"], item["answers"]) == ("likely_transfer", ["right", "apart"])
    assert "1:00:00 later" in item["detail"]
    assert "1 transfers and duplicates apply without a proof" in run("review", config=config).out
    digest = run("rebuild", "--check", config=config).out
    assert run("review", "answer", item["id"], "apart", config=config).code == 0
    assert {"0.25", "0.5", "1"} <= _review(run, config).keys()
    assert _review(run, config, "--likely") == {}
    assert run("review", "undo", item["id"], config=config).code == 0
    assert run("rebuild", "--check", config=config).out == digest
    assert run("review", "answer", item["id"], "right", config=config).code == 0
    assert _review(run, config, "--likely") == {}
    (event,) = [
        e for e in run("events", "--json", config=config).json["events"] if e["kind"] == "transfer"
    ]
    assert (event["rule"], event["confidence"]) == ("joined_by_hand", "sure")


def test_coins_sent_to_a_place_that_nobody_reads_keep_their_basis(
    run: Run, config: Path, tmp_path: Path
) -> None:
    _import(run, config, tmp_path)
    item = _review(run, config)["0.5"]
    with config.open("a") as file:
        file.write('[[account]]\nname = "drawer"\nkind = "manual"\n')
    wrong = run("review", "answer", item["id"], "transfer", "--with", "nowhere", config=config)
    assert (wrong.code, "there is no event nowhere" in wrong.err) == (2, True)
    done = run("review", "answer", item["id"], "transfer", "--with", "drawer", config=config)
    assert done.code == 0, done.err
    assert _lots(run, config)["drawer held 0.5"] == "500.00"
    shown = run("review", "show", item["id"], config=config).out
    assert "a person named drawer; not proved by chain" in shown


def test_a_rule_answers_what_came_and_what_will_come(
    run: Run, config: Path, tmp_path: Path
) -> None:
    _import(run, config, tmp_path)
    rule = "unmatched_withdrawal:address=bc1qshop"
    assert run("review", "answer", rule, "spend", "--note", "shop", config=config).code == 0
    # the likely transfer to that address is no transfer any more
    assert "0.25" not in _review(run, config)
    rows = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert sorted((r["kind"], r["quantity"]) for r in rows) == [("spend", "0.25"), ("spend", "1")]
    file = tmp_path / "later.csv"
    head, *_ = JOURNAL.splitlines()
    file.write_text(f"{head}\n6,2025-05-01T10:00:00Z,withdrawal,a,BTC,0.125,,,BC1QSHOP\n")
    run("import", str(file), config=config)
    rows = run("disposals", "--year", "2025", "--json", config=config).json["disposals"]
    assert len(rows) == 3
    assert run("review", "undo", rule, config=config).code == 0
    assert run("disposals", "--year", "2025", "--json", config=config).json["disposals"] == []


def test_a_rule_that_cannot_be_is_refused(run: Run, config: Path, tmp_path: Path) -> None:
    _import(run, config, tmp_path)
    for rule, answer, why in (
        ("balance_gap:account=a", "seen", "takes no answer by rule"),
        ("unmatched_deposit:sender=a", "gift", "is no condition"),
        ("unmatched_deposit:account=a", "sold", "is no answer"),
        ("unmatched_withdrawal:account=a", "transfer", "name it by --with"),
    ):
        refused = run("review", "answer", rule, answer, config=config)
        assert (refused.code, why in refused.err) == (2, True), refused.err


def test_decisions_are_listed_and_go_along_to_another_database(
    run: Run, config: Path, tmp_path: Path
) -> None:
    _import(run, config, tmp_path)
    item = _review(run, config)["0.5"]["id"]
    assert run("review", "answer", item, "gift", "--note", "to Ann", config=config).code == 0
    rule = "unmatched_withdrawal:address=bc1qshop"
    assert run("review", "answer", rule, "spend", config=config).code == 0
    (first, second) = run("review", "decided", "--json", config=config).json["decisions"]
    assert (first["subject"], second["subject"]) == (rule, item)
    assert (second["answer"], second["note"], bool(second["who"])) == ("gift", "to Ann", True)
    file = tmp_path / "decisions.json"
    assert run("review", "export", str(file), config=config).code == 0
    digest = run("rebuild", "--check", config=config).out

    other = tmp_path / "other"
    other.mkdir()
    there = other / "syncer.toml"
    there.write_text(config.read_text())
    _import(run, there, other)
    for count in (2, 0):
        taken = run("review", "import", str(file), config=there)
        assert (taken.code, f"2 decisions, {count} new" in taken.out) == (0, True)
    assert run("rebuild", "--check", config=there).out == digest
    run("review", "undo", item, config=there)
    run("review", "answer", item, "lost", config=there)
    refused = run("review", "import", str(file), config=there)
    assert (refused.code, "is answered otherwise here" in refused.err) == (2, True)
    file.write_text(file.read_text().replace('"gift"', '"sold"'))
    refused = run("review", "import", str(file), config=there)
    assert (refused.code, "sold is no answer" in refused.err) == (2, True)
