"""An ARM Debian userland, like that of Raspberry Pi OS, unpacked once into a folder of the cache.

The packages come from the Debian archive that this system's apt is set up for, checked against Debian's keys by apt.
They are only unpacked: running their maintainer scripts under emulation would take minutes. The few things that those
would do and that a device needs are done in ``_settle``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# A shell to log in to, with the tools that every Raspberry Pi OS has.
SYSTEM = """
base-files base-passwd bash coreutils dash debianutils findutils grep gzip hostname libc-bin login mawk passwd procps
sed tar usr-is-merged util-linux xz-utils
"""
# Python without venv and pip, as on a bare device, and what the wheels of LiteRT and NumPy link to.
PACKAGES = (*SYSTEM.split(), "python3", "libstdc++6", "openssh-server")

# The Python of each Debian release, which is that of the Raspberry Pi OS made from it.
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}

# Documentation and translations: half of the files, and no program reads them.
LEFT_OUT = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info", "./usr/share/lintian")

USERS = {"root": (0, "/root"), "pi": (1000, "/home/pi")}

SSHD_CONFIG = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
# sshd starts every session with an environment of its own. Without this the default CPU of qemu 7.2 computes garbage.
SetEnv QEMU_CPU=cortex-a72
"""


class UserlandError(Exception):
    """The userland cannot be made here; the message says what is missing."""


@dataclass(frozen=True)
class Userland:
    """A folder that holds a root file system. It is only ever read: a device writes to a layer above it."""

    suite: str
    python: str  # "3.11"
    root: Path


def build(cache: Path, suite: str = "bookworm") -> Userland:
    """The userland of a Debian release, from the cache or made now.

    Raises:
        UserlandError: something it takes is missing, or the archive did not answer.
    """
    if suite not in PYTHON:
        raise UserlandError(f"no userland is known for {suite!r}; there are: {', '.join(PYTHON)}")
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    folder = cache.resolve() / f"userland-{suite}-{recipe}"
    userland = Userland(suite, PYTHON[suite], folder)
    if folder.is_dir():
        return userland
    if os.geteuid() != 0:
        raise UserlandError("the emulated Raspberry Pi needs root: its files belong to several users, and it mounts")
    for tool in ("apt-get", "dpkg-deb", "tar"):
        if shutil.which(tool) is None:
            raise UserlandError(f"there is no {tool}; the userland is made from Debian's packages")
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        root = unfinished / "root"
        root.mkdir(parents=True)
        root.chmod(0o755)
        _unpack(_download(unfinished, suite), root)
        _settle(root)
        _compile(root, userland.python)
        root.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # else another run was faster
            raise UserlandError(f"the userland cannot be made: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return userland


def _download(work: Path, suite: str) -> list[Path]:
    """The packages and all that they depend on, by an apt of its own that leaves the system's alone."""
    archive = _archive()
    for name in ("lists/partial", "archives/partial"):
        (work / name).mkdir(parents=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    if not Path(keys).is_file():
        raise UserlandError("Debian's keys are missing; install the package debian-archive-keyring")
    (work / "sources.list").write_text(f"deb [signed-by={keys}] {archive} {suite} main\n", encoding="utf-8")
    (work / "status").touch()
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",  # the user _apt may not write to our folder
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Dir::Cache": work,
        "Dir::Cache::archives": work / "archives",
        "Dir::State": work,
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Acquire::Retries": "3",
    }
    apt = ["apt-get", "-qq", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]
    _call([*apt, "update"], f"the list of {suite}'s packages cannot be fetched")
    _call([*apt, "--yes", "--download-only", "install", *PACKAGES], "the packages cannot be fetched")
    return sorted((work / "archives").glob("*.deb"))


def _archive() -> str:
    """The Debian archive that this system's apt takes its packages from."""
    query = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    found = _call(query, "apt does not tell its archive").split()
    if not found:
        raise UserlandError("this system's apt knows no Debian archive (has it ever run apt-get update?)")
    return found[0]


def _unpack(packages: list[Path], root: Path) -> None:
    for name in ("bin", "sbin", "lib"):  # as usrmerge leaves them; tar follows these links
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    exclude = " ".join(f"--exclude='{name}/*'" for name in LEFT_OUT)
    script = f'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink {exclude} -C "$2"'

    def unpack(package: Path) -> None:
        command = ["bash", "-o", "pipefail", "-c", script, "bash", str(package), str(root)]
        _call(command, f"{package.name} cannot be unpacked")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(unpack, packages))


def _settle(root: Path) -> None:
    """What the maintainer scripts would have done: users, login, links, and the settings of sshd."""
    etc, share = root / "etc", root / "usr" / "share"
    _write(etc / "nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")
    masters = {name: (share / "base-passwd" / f"{name}.master").read_text() for name in ("passwd", "group")}
    users = masters["passwd"] + "sshd:*:100:65534::/run/sshd:/usr/sbin/nologin\npi:*:1000:1000::/home/pi:/bin/bash\n"
    _write(etc / "passwd", users.replace(":*:", ":x:"))
    _write(etc / "group", masters["group"] + "pi:x:1000:\n")
    # "*" is no password at all; "!" would lock the account for keys, too.
    names = [line.split(":")[0] for line in users.splitlines()]
    _write(etc / "shadow", "".join(f"{name}:*:20000:0:99999:7:::\n" for name in names), 0o640)
    _write(etc / "hostname", "raspberrypi\n")
    _write(etc / "hosts", "127.0.0.1 localhost raspberrypi\n::1 localhost\n")
    _write(etc / "ssh" / "sshd_config", SSHD_CONFIG)
    for user, home in USERS.values():
        folder = root / home[1:]
        (folder / ".ssh").mkdir(mode=0o700, parents=True)
        for source in ("profile", "bashrc"):
            shutil.copyfile(share / "base-files" / f"dot.{source}", folder / f".{source}")
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, user)
    for name, program in {"awk": "mawk", "which": "which.debianutils"}.items():
        (root / "usr/bin" / name).symlink_to(program)
    (root / "tmp").chmod(0o1777)


def _compile(root: Path, python: str) -> None:
    """Byte code for the standard library, as Debian's packages make it, if this Python is of the same version."""
    if python != f"{sys.version_info.major}.{sys.version_info.minor}":
        return  # the device does it at each first import
    library = f"usr/lib/python{python}"
    command = [sys.executable, "-m", "compileall", "-qq", "-j", "2", "-s", str(root), "-p", "/", str(root / library)]
    _call(command, "the standard library cannot be compiled")


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _call(command: list[str], problem: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise UserlandError(f"{problem}: {done.stderr.strip()[-2000:]}")
    return done.stdout
