"""The first process of an emulated device; ``boot.py`` runs it as a program of its own, as root.

It makes namespaces (mounts, processes, network, host name and, since Linux 6.7, users, which gives it a list of
binary formats of its own), mounts the device's file system, sends ARM programs to qemu, and starts one ``sshd`` for
each connection. All of it ends with this process, and this process ends when the other end of its control socket
is closed, so nothing stays, however the tests end.

The device has no network but its own loopback. The listening socket was made outside and keeps the network that it was
made in: that is how a device without any network is reached.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import selectors
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

# <sched.h>, <sys/mount.h>, <sys/prctl.h>, <net/if.h>, <linux/sockios.h>
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE, MS_REMOUNT, MS_NOSUID = 4096, 16384, 1 << 18, 32, 2
PR_SET_PDEATHSIG = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

# Since this kernel a namespace of users has binary formats of its own, and files on tmpfs have user attributes.
OWN_FORMATS = (6, 7)

# What an ARM64 program begins with, and which of these bits count (qemu's scripts/qemu-binfmt-conf.sh). P: the program
# sees the name it was called by; F: qemu is opened now, outside of the device's file system.
MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
FORMAT = f":qemu-aarch64:M::{MAGIC}:{MASK}:%s:PF"

SSHD = ["/usr/sbin/sshd", "-i", "-e"]
# On the default CPU of qemu 7.2 XNNPACK computes garbage; sshd_config hands this one to every session.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "QEMU_CPU": "cortex-a72"}

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Makes the namespaces and stays as the parent of their first process."""
    control = socket.socket(fileno=int(sys.argv[1]))
    _die_with_parent()
    config = json.loads(control.recv(1 << 20))
    kernel = tuple(int(part) for part in os.uname().release.split(".")[:2])
    config["own_users"] = kernel >= OWN_FORMATS
    spaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
    if config["own_users"]:
        _unshare_users()
    _check(libc.unshare(spaces), "namespaces cannot be made (this takes root, and a container that may do it)")
    child = os.fork()
    if child == 0:
        _die_with_parent()
        _device(config, control)
    control.close()
    os.waitpid(child, 0)


def _unshare_users() -> None:
    """A namespace of users in which everyone keeps their number; only a process outside may write that down."""
    ready, go = os.pipe()
    parent = os.getpid()
    writer = os.fork()
    if writer == 0:
        os.read(ready, 1)
        for table in ("uid_map", "gid_map"):
            Path(f"/proc/{parent}/{table}").write_text("0 0 65536")
        os._exit(0)
    _check(libc.unshare(CLONE_NEWUSER), "a namespace of users cannot be made")
    os.write(go, b"!")
    if os.waitpid(writer, 0)[1] != 0:
        raise OSError("the namespace of users cannot be filled (this takes root)")
    os.close(ready)
    os.close(go)


def _device(config: dict[str, Any], control: socket.socket) -> NoReturn:
    try:
        os.umask(0o022)
        root = _mount(config)
        _start_loopback()
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: config["cpus"]])
        socket.sethostname("raspberrypi")
        Device(root, config, control).serve()
    except BaseException as error:
        control.send(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
    finally:
        os._exit(1)


def _mount(config: dict[str, Any]) -> Path:
    """Puts the device's file system together; it is seen by this process and its children only."""
    _call_mount("none", "/", None, MS_REC | MS_PRIVATE)
    stage = Path(config["stage"])
    _call_mount("tmpfs", str(stage), "tmpfs", 0, f"size={config['disk']},mode=755")
    os.chdir(stage)  # a path in these options could hold a comma or a colon
    for name in ("lower", "upper", "work", "root"):
        Path(name).mkdir()
    _call_mount(config["root"], "lower", None, MS_BIND)
    layers = "lowerdir=lower,upperdir=upper,workdir=work" + (",userxattr" if config["own_users"] else "")
    _call_mount("overlay", "root", "overlay", 0, layers)
    root = stage / "root"

    _call_mount("proc", f"{root}/proc", "proc")
    _call_mount(config["cpuinfo"], f"{root}/proc/cpuinfo", None, MS_BIND)
    _send_arm_programs_to(config["qemu"], f"{root}/proc/sys/fs/binfmt_misc")

    _call_mount("tmpfs", f"{root}/sys", "tmpfs", 0, "mode=755")
    for name, text in config["sys"].items():
        file = root / "sys" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    _call_mount("tmpfs", f"{root}/dev", "tmpfs", MS_NOSUID, "mode=755")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (root / "dev" / name).touch()
        _call_mount(f"/dev/{name}", f"{root}/dev/{name}", None, MS_BIND)
    for name, mode in {"pts": 0o755, "shm": 0o1777}.items():
        (root / "dev" / name).mkdir()
        (root / "dev" / name).chmod(mode)
    _call_mount("devpts", f"{root}/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620,gid=5")
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
    for name, target in links.items():
        (root / "dev" / name).symlink_to(target)

    _call_mount("tmpfs", f"{root}/run", "tmpfs", MS_NOSUID, "mode=755")
    (root / "run/sshd").mkdir()
    for name, text in config["files"].items():
        owner = root.joinpath(name).parent.stat()
        (root / name).write_text(text, encoding="utf-8")
        (root / name).chmod(0o600)
        os.chown(root / name, owner.st_uid, owner.st_gid)
    return root


def _send_arm_programs_to(qemu: str, formats: str) -> None:
    _call_mount("binfmt_misc", formats, "binfmt_misc")
    if not Path(formats, "qemu-aarch64").exists():  # before Linux 6.7 the system's own are seen here
        Path(formats, "register").write_text(FORMAT % qemu)


def _start_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sH22x", b"lo", 0))
        (flags,) = struct.unpack_from("16xH", answer)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | IFF_UP))


class Device:
    """Waits for connections and for orders."""

    def __init__(self, root: Path, config: dict[str, Any], control: socket.socket) -> None:
        self.root = root
        self.stage = config["stage"]
        self.control = control
        self.listener: socket.socket | None = None  # in the network outside
        self.inner = socket.create_server(("127.0.0.1", 22))  # in the device's own, where a jump host looks for it
        self.log = os.open(config["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.events = selectors.DefaultSelector()

    def serve(self) -> NoReturn:
        # The kernel takes ended children away by itself: nobody waits for one here.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.events.register(self.control, selectors.EVENT_READ, self._obey)
        self._await_connections(self.inner)
        self._answer(None)
        while True:
            for key, _ in self.events.select():
                key.data()

    def _answer(self, problem: str | None) -> None:
        self.control.send(json.dumps({"error": problem}).encode())

    def _obey(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self.control, 4096, 1)
        if not message:
            os._exit(0)  # the tests are over, or were killed
        order, problem = json.loads(message), None
        try:
            getattr(self, order.pop("do"))(*descriptors, **order)
        except OSError as error:
            problem = str(error)
        self._answer(problem)

    def listen(self, descriptor: int) -> None:
        """Accepts connections on a socket that was made outside of the device's network."""
        self.listener = socket.socket(fileno=descriptor)
        self._await_connections(self.listener)

    def deafen(self) -> None:
        """Connections are refused from now on; those that are open stay."""
        if self.listener is not None:
            self.events.unregister(self.listener)
            self.listener.close()
            self.listener = None

    def resize(self, size: int) -> None:
        """Changes the size of the disk, in bytes."""
        _call_mount("tmpfs", self.stage, None, MS_REMOUNT, f"size={size}")

    def _await_connections(self, listener: socket.socket) -> None:
        self.events.register(listener, selectors.EVENT_READ, lambda: self._connect(listener))

    def _connect(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            if os.fork() != 0:
                return
            try:
                self._become_sshd(connection)
            finally:
                os._exit(127)

    def _become_sshd(self, connection: socket.socket) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for descriptor, place in ((connection.fileno(), 0), (connection.fileno(), 1), (self.log, 2)):
            os.dup2(descriptor, place)
        os.closerange(3, 256)
        os.chroot(self.root)
        os.chdir("/")
        os.execve(SSHD[0], SSHD, ENVIRONMENT)


def _die_with_parent() -> None:
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), "prctl")


def _call_mount(source: str, target: str, kind: str | None, flags: int = 0, options: str = "") -> None:
    words = (word.encode() if word is not None else None for word in (source, target, kind))
    _check(libc.mount(*words, ctypes.c_ulong(flags), options.encode()), f"{target} cannot be mounted ({options})")


def _check(result: int, problem: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{problem}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
