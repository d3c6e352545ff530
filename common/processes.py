"""Child processes that never outlive the process that started them."""

import ctypes
import os
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when its parent dies: a killed launcher leaves nothing behind."""
    _libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def dies_with_parent(number: int = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn` for subprocess: the child gets `number` when this process dies, however it dies.

    The kernel watches the *thread* that starts the child: start children from a thread that stays.
    """
    parent = os.getpid()

    def before_exec() -> None:
        die_with_parent(number)
        if os.getppid() != parent:  # it died between fork and exec
            os._exit(1)

    return before_exec
