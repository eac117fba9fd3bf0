"""`python as_user.py USER COMMAND...`: become another system user, for good, then run the command in this process.

PostgreSQL refuses to run as root. Standard library only: it is started by path, without site-packages.
"""

from __future__ import annotations

import os
import pwd
import sys


def main(name: str, command: list[str]) -> None:
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.execv(command[0], command)  # noqa: S606 (our own command)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
