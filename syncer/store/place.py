"""Where a database's file may lie, and how files come to be: SQLite's locks and its write-ahead log
need a disk of this machine."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from config.errors import ConfigError

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "9p",
     "fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.s3fs", "fuse.davfs", "davfs", "coda")
)  # fmt: skip


def refuse_network(database: Path, mounts: Path = MOUNTS) -> None:
    """Raises ConfigError for a database on another machine's disk, where two Syncers would not see
    each other's locks."""
    kind = filesystem_of(database, mounts)
    if kind in NETWORK:
        raise ConfigError(
            f"the database {database} lies on a network filesystem ({kind}), where SQLite can lose "
            "data; set [database] url to a disk of this machine, and copy backups there instead"
        )


def filesystem_of(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of the mount that a path is on; None where the system does not say."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    place, best, kind = PurePosixPath(path.resolve()), -1, None
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = PurePosixPath(_unescaped(before.split()[4]))
        if place.is_relative_to(mount) and len(mount.parts) >= best:  # the last one is on top
            best, kind = len(mount.parts), after.split()[0]
    return kind


def hand_over(path: Path) -> None:
    """What root makes belongs to whom its folder belongs to: the service must be able to open what
    a person at the command line left."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def make_private(path: Path) -> None:
    """An empty file that only its owner can read, from its first byte; its folder if need be."""
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True)
        hand_over(path.parent)
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    hand_over(path)


def put_in_place(partial: Path, target: Path) -> None:
    """At once, and so that a power cut does not undo it."""
    os.replace(partial, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unescaped(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text
