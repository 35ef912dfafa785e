"""Wrong files, settings and words on the command line: one sentence and the right exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Run


def _one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    return text.strip()


FORM = "broker,account,tax_year,line,digital_asset_name,units,date_sold,proceeds\n"


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        (
            FORM.replace("proceeds", "proceds") + "K,1,2025,1,Bitcoin,1,2025-05-05,9\n",
            2,
            "form.csv has a header that is not known; nearest is 1099-da: "
            "it lacks the column proceeds (then journal)",
        ),
        (
            FORM + "K,1,2025,1,Bitcoin,1,2025-05-05,9\nK,1,2025,2,Bitcoin,one,2025-05-05,9\n",
            2,
            "form.csv: line 3: units is not a number: 'one'; nothing of it was taken in",
        ),
        (
            FORM + "K,1,2025,1,Bitcoin,1,05/05/2025,9\n",
            2,
            "form.csv: line 2: date_sold is not a date as YYYY-MM-DD: '05/05/2025'; "
            "nothing of it was taken in",
        ),
        (
            FORM.replace("broker,", "") + "1,2025,1,Bitcoin,1,2025-05-05,9\n",
            2,
            "form.csv: line 2: broker is not in the file; give it with --broker; "
            "nothing of it was taken in",
        ),
        (
            "",
            2,
            "form.csv has a header that is not known; nearest is journal: it lacks the column time",
        ),
    ],
)
def test_wrong_form_file(
    text: str, code: int, sentence: str, run: Run, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "form.csv"
    file.write_text(text, encoding="utf-8")
    done = run("import", str(file), config=config)
    assert (done.code, _one_line(done.err)) == (code, sentence)


def test_good_rows_of_a_bad_file_are_kept(run: Run, config: Path, tmp_path: Path) -> None:
    file = tmp_path / "journal.csv"
    file.write_text(
        "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
        "2025-01-02T10:00:00Z,buy,w,USD,100,BTC,0.001\n"
        "2025-01-03T10:00:00Z,buy,w,USD,100,BTC,-0.001\n"
        "2025-01-04 10:00,purchase,w,USD,100,BTC,0.001\n"
    )
    done = run("import", str(file), config=config)
    assert done.code == 1
    lines = done.err.splitlines()
    assert lines[0] == "journal.csv: line 3: in_quantity must be positive: -0.001"
    assert lines[1].startswith("journal.csv: line 4: kind 'purchase' is not one of buy, sell")
    found = run("lots", "--json", config=config).json["lots"]
    assert [(x["quantity"], x["basis_usd"]) for x in found] == [("0.001", "100.00")]


@pytest.mark.files_of_sqlite("it names files")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[taxpayer]\nfiling_staus = 1\n", "line 2: taxpayer.filing_staus is not a setting"),
        (
            "[taxpayer]\ntime_zone = 'Mars'\n",
            "line 2: taxpayer.time_zone: is not a known time zone",
        ),
        ("[lots]\nmethod = 'random'\n", "line 2: lots.method: input should be 'fifo', 'lifo'"),
        ("[schedule]\nsync = 'often'\n", "line 2: schedule.sync: must look like 30s, 15m"),
        ("[[account]]\nname = 'k'\nkind = 'exchange'\n", "line 1: account.0: an exchange account"),
        ("[taxpayer\n", "is not valid TOML"),
        ("[alerts]\nurls = ['nosuch://secret@x']\n", "[alerts] urls, number 1 (nosuch)"),
        ("[alerts]\nurls = ['slack://secret']\n", "[alerts] urls, number 1 (slack)"),
        ("[schedule]\nsync = '0s'\n", "line 2: schedule.sync: must be at least 1s"),
        ("[schedule]\nsync = '99999999999999d'\n", "line 2: schedule.sync: is too long"),
        ("[taxpayer]\ntime_zone = []\n", "line 2: taxpayer.time_zone: is not a known time zone"),
        ("[database]\nurl = 'foo'\n", "[database] url must be sqlite:///"),
        ("[database]\nurl = 'sqlite:///'\n", "[database] url must be sqlite:///"),
    ],
)
def test_wrong_settings_name_file_line_and_remedy(
    text: str, sentence: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "syncer.toml"
    path.write_text(text, encoding="utf-8")
    done = run("check", config=path)
    assert done.code == 78
    assert sentence in _one_line(done.err)
    assert "secret" not in done.err


def test_settings_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    done = run("sync", config=tmp_path / "none.toml")
    assert done.code == 78
    assert "does not exist; write one with: syncer init" in _one_line(done.err)


def test_wrong_usage(run: Run, config: Path, tmp_path: Path) -> None:
    for command, sentence in (
        (("sync", "binance"), "there is no source binance; the settings name: none"),
        (("tax", "--year", "2019"), "there are no tax figures for 2019 (known: 2024, 2025, 2026)"),
        (("lots", "--at", "tomorrow"), "tomorrow is not a date; write it as YYYY-MM-DD"),
        (("lots", "--account", "x"), "there is no account x; known: none"),
        (("import", "none.csv"), "none.csv cannot be read: No such file or directory"),
        (("harvest", "--price", "BTC"), "--price BTC"),
        (("review", "answer", "spam:e1", "spam"), "spam:e1 does not wait for an answer"),
        (("lots", "--at", "9999-12-31"), "9999-12-31 is not a day on which coins were held"),
        (("identify", "--rule", "hifo"), "give --rule (fifo, lifo, hifo, lofo, tax_min) and"),
    ):
        done = run(*command, config=config)
        assert done.code == 2, (command, done)
        assert sentence in _one_line(done.err)


def test_database_that_is_not_one(run: Run, tmp_path: Path, config: Path) -> None:
    (tmp_path / "syncer.db").write_text("this is not a database, it is a sentence of some length")
    done = run("lots", config=config)
    assert done.code == 1
    assert "restore a backup" in _one_line(done.err)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SYNCER_LOG", "loud", "SYNCER_LOG must be DEBUG, INFO, WARNING or ERROR"),
        ("SYNCER_NOW", "noon", "SYNCER_NOW is not an ISO 8601 instant"),
        ("SYNCER_DATABASE", "foo", "the environment: error parsing value for field"),
    ],
)
def test_wrong_environment(
    name: str, value: str, sentence: str, run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    done = run("lots", config=config)
    assert done.code == 78
    assert sentence in done.err


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("time,kind,account,in_asset,in_quantity\n0001-01-01T00:00:00+14:00,opening,a,BTC,1\n", 1),
        ("time,kind,account,note\n2025-01-01,fee,a," + "x" * 140_000 + "\n", 2),
        ("time,kind,account\n", 2),
    ],
)
def test_odd_files_are_one_sentence(
    text: str, code: int, run: Run, config: Path, tmp_path: Path
) -> None:
    (tmp_path / "odd.csv").write_text(text, encoding="utf-8")
    done = run("import", str(tmp_path / "odd.csv"), config=config)
    assert done.code == code
    assert _one_line(done.err).startswith("odd.csv")


def test_row_with_the_id_of_a_stranger_is_refused(run: Run, config: Path, tmp_path: Path) -> None:
    header = "id,time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
    (tmp_path / "one.csv").write_text(header + "1,2025-01-02,buy,k,USD,100,BTC,1\n")
    (tmp_path / "two.csv").write_text(header + "1,2025-03-02,buy,cb,USD,100,SOL,1\n")
    (tmp_path / "fix.csv").write_text(header + "1,2025-01-02,buy,k,USD,90,BTC,1\n")
    assert run("import", str(tmp_path / "one.csv"), config=config).code == 0
    done = run("import", str(tmp_path / "two.csv"), config=config)
    assert (done.code, _one_line(done.err)) == (
        1,
        "two.csv: id 1 is another row already (an earlier file); give this one its own id",
    )
    assert "0 new records, 1 changed" in run("import", str(tmp_path / "fix.csv"), config=config).out
    (lot,) = run("lots", "--json", config=config).json["lots"]
    assert (lot["asset"], lot["basis_usd"]) == ("BTC", "90.00")


@pytest.mark.files_of_sqlite("its file")
def test_database_is_private(run: Run, config: Path, tmp_path: Path) -> None:
    run("lots", config=config)
    assert (tmp_path / "syncer.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("number", ["1e99", "1e-99", "NaN", "inf", "0x10", "1_0e", "1,000"])
def test_numbers_out_of_proportion_are_refused_before_they_are_stored(
    number: str, run: Run, config: Path, tmp_path: Path
) -> None:
    (tmp_path / "odd.csv").write_text(
        "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
        f'2025-01-02,buy,a,USD,"{number}",BTC,1\n'
    )
    done = run("import", str(tmp_path / "odd.csv"), config=config)
    assert done.code == 1
    assert _one_line(done.err).startswith("odd.csv: line 2: out_quantity is ")
    assert run("lots", "--json", config=config).json["lots"] == []


def test_sale_without_a_price_that_a_form_names(run: Run, config: Path, tmp_path: Path) -> None:
    config.write_text(
        config.read_text() + '[[account]]\nname = "k"\nkind = "manual"\nbroker = "K"\n'
    )
    (tmp_path / "j.csv").write_text(
        "time,kind,account,out_asset,out_quantity,in_asset,in_quantity\n"
        "2025-01-02,buy,k,USD,100,ETH,1\n"
        "2025-05-05T15:00:00Z,trade,k,ETH,1,k:ZZZ,5\n"
    )
    (tmp_path / "f.csv").write_text(FORM + "K,1,2025,1,Ethereum,1,2025-05-05,9\n")
    for name in ("j.csv", "f.csv"):
        assert run("import", str(tmp_path / name), config=config).code == 0
    done = run("reconcile", "--year", "2025", config=config)
    assert done.code == 0
    assert "proceeds_usd not known" in " ".join(done.out.split())
    assert run("tax", "--year", "2025", "--strict", config=config).code == 1
