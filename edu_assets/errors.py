"""The errors that a person can act on, and the exit code that each kind gives a command.

Belongs here: the base class and the exit codes, without imports, so that the command line can name
them before anything heavy is loaded. Does not belong here: an error of one layer, which stands beside
the code that raises it and derives from EduError.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes of `edu`. Their meaning is part of the interface: schedulers act on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4


class EduError(Exception):
    """Something went wrong that the reader of the message can mend; the message says how.

    The text holds no password and no personal data.
    """

    exit_code: ClassVar[Exit] = Exit.FAILED
