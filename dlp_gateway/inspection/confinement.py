"""What the kernel forbids a worker: network, processes, writing files, most of the disk.

Three layers, each checked at start-up and reported by name:

- ``namespace``: a user and network namespace without interfaces (unshare(2));
- ``landlock``: only the listed folders can be read, nothing written (landlock(7));
- ``seccomp``: no socket, no fork or exec, no file opened for writing (seccomp(2));

and ``rlimits`` on memory, processor time, open files and file size. The layers
overlap on purpose: which of them a host allows depends on its kernel and on
the container it runs in, and one that is missing must not open the door.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CLONE_THREAD = 0x00010000
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_DUMPABLE = 4

_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1
_LANDLOCK_RULE_PATH_BENEATH = 1
_LANDLOCK_EXECUTE, _LANDLOCK_READ_FILE, _LANDLOCK_READ_DIR = 1 << 0, 1 << 2, 1 << 3
# Every right of ABI 1 (Linux 5.13): those not granted below are refused.
_LANDLOCK_ALL_ABI1 = (1 << 13) - 1

_NETWORK = ("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg")
_PROCESSES = ("fork", "vfork", "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "kill", "tkill")
_KERNEL = (
    *("setns", "unshare", "mount", "umount2", "pivot_root", "chroot", "bpf", "perf_event_open", "userfaultfd"),
    *("keyctl", "add_key", "request_key", "io_uring_setup", "pidfd_open", "pidfd_send_signal", "pidfd_getfd"),
)
_FILES = (
    *("creat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "link", "linkat"),
    *("symlink", "symlinkat", "mknod", "mknodat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown"),
    *("fchownat", "truncate", "openat2", "open_by_handle_at", "memfd_create"),
)


class ConfinementError(Exception):
    """A layer that is required is not available on this host."""


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """Limits of one worker process.

    ``memory_bytes`` is what it may use beyond what it was started with,
    ``cpu_seconds`` what one message may cost, ``open_files`` more than any
    reader needs.
    """

    memory_bytes: int = 1024 * 1024 * 1024
    cpu_seconds: int = 60
    open_files: int = 64


_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise ConfinementError(f"{what}: {errno.errorcode.get(code, str(code))}")
    return result


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel for ``signal_number`` when the parent process ends (prctl(2))."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "PR_SET_PDEATHSIG")


def no_new_privileges() -> None:
    """Give up set-uid programs and the like for good, and core dumps with them."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE")


def leave_network() -> None:
    """Move this (single-threaded) process into a network namespace without interfaces."""
    _check(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET), "unshare")


def read_only(folders: Sequence[Path]) -> None:
    """Leave this process only reading, and only beneath ``folders`` (those that exist)."""
    _check(_libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_CREATE_RULESET_VERSION), "landlock")
    attributes = struct.pack("=Q", _LANDLOCK_ALL_ABI1)
    ruleset = _check(_libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0), "landlock ruleset")
    try:
        for folder in folders:
            if not folder.exists():
                continue
            rights = _LANDLOCK_EXECUTE | _LANDLOCK_READ_FILE
            if folder.is_dir():
                rights |= _LANDLOCK_READ_DIR
            fd = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            try:
                beneath = struct.pack("=Qi", rights, fd)
                added = _libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_RULE_PATH_BENEATH, beneath, 0)
                _check(added, "landlock rule")
            finally:
                os.close(fd)
        _check(_libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock restrict")
    finally:
        os.close(ruleset)


def filter_calls() -> None:
    """Refuse (EPERM) the system calls that a reader of documents never needs."""
    import pyseccomp as seccomp

    refuse = seccomp.ERRNO(errno.EPERM)
    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    for name in (*_NETWORK, *_PROCESSES, *_KERNEL, *_FILES):
        rules.add_rule(refuse, name)
    # glibc falls back from clone3 to clone, whose flags a filter can read.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0))
    rules.add_rule(refuse, "tgkill", seccomp.Arg(0, seccomp.NE, os.getpid()))
    for flag in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC):
        rules.add_rule(refuse, "open", seccomp.Arg(1, seccomp.MASKED_EQ, flag, flag))
        rules.add_rule(refuse, "openat", seccomp.Arg(2, seccomp.MASKED_EQ, flag, flag))
    rules.load()


def limit_resources(limits: ProcessLimits) -> None:
    """Apply the limits that hold for the whole life of a worker."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    in_use = pages * resource.getpagesize()
    address_space = in_use + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.open_files, limits.open_files))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_cpu(seconds: int) -> None:
    """Let the kernel end this process (SIGXCPU) when it uses ``seconds`` more from now on."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, resource.RLIM_INFINITY))
