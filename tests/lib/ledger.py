#!/usr/bin/env -S python3 -I -S
"""What a container could leave behind on this machine, one line each.

    tests/lib/ledger.py [--rootfs DIR]                  prints it
    tests/lib/ledger.py [--rootfs DIR] --since FILE     prints what is different from then, and fails
                        [--patience SECONDS]            only if it stays different so long

The machine is what this process sees: its mounts, its cgroup tree, every link of every network
namespace, every namespace that a process, a descriptor or a mount holds, every process that is a
runtime or lives in another namespace or root than ours, the descriptors of runtimes, the state
files, /tmp, and every file of the rootfs. Needs root.
"""

import argparse
import hashlib
import os
import re
import stat
import sys
import time
from collections import Counter

CGROUPS = "/sys/fs/cgroup"
# A sealed copy of itself is /memfd:cbox.
RUNTIMES = re.compile(r"[/:](cbox|gobox|gobox-bridge)( \(deleted\))?$")
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")


def content(path):
    """A file's text; of a process that ended meanwhile, nothing."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""


def entries(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def mounts():
    """Without the two ids, which are new whenever somebody looks at another namespace."""
    for line in content("/proc/self/mountinfo").splitlines():
        yield "mount " + " ".join(line.split(" ")[2:])


def cgroups():
    for directory, _, _ in os.walk(CGROUPS):
        yield "cgroup " + directory


def pids():
    return [pid for pid in entries("/proc") if pid.isdigit()]


def namespaces_of(pid):
    return {kind: link(f"/proc/{pid}/ns/{kind}") for kind in NAMESPACES}


def links(pid):
    """The links of the network namespace that a process is in."""
    lines = content(f"/proc/{pid}/net/dev").splitlines()[2:]
    return sorted(line.split(":")[0].strip() for line in lines)


def processes():
    """Processes, descriptors of runtimes, and the namespaces that somebody holds."""
    ours, root = namespaces_of("self"), link("/proc/self/root")
    named, netns = set(re.findall(r"\w+:\[\d+\]", content("/proc/self/mountinfo"))), {}
    for pid in pids():
        theirs, exe = namespaces_of(pid), link(f"/proc/{pid}/exe")
        named.update(name for name in theirs.values() if name)
        netns.setdefault(theirs["net"], pid)
        open_files = [link(f"/proc/{pid}/fd/{fd}") for fd in entries(f"/proc/{pid}/fd")]
        named.update(name for name in open_files if re.fullmatch(r"\w+:\[\d+\]", name)
                     and name.split(":")[0] in NAMESPACES)
        if not exe:  # of the kernel, or ended
            continue
        other = [kind for kind in NAMESPACES if theirs[kind] and theirs[kind] != ours[kind]]
        if RUNTIMES.search(exe) or other or link(f"/proc/{pid}/root") != root:
            yield f"process {pid} {exe} {' '.join(other)}".rstrip()
        if RUNTIMES.search(exe):
            yield from (f"descriptor {pid} {name}" for name in sorted(open_files))
    yield from (f"namespace {name}" for name in named)
    for name, pid in netns.items():
        yield from (f"link {one} in {name}" for one in links(pid))


def states():
    places = ["/run/twinbox", os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/run"), "twinbox")]
    for place in sorted(set(places)):
        for name in entries(place):
            text = content(f"{place}/{name}").encode()
            yield f"state {place}/{name} {hashlib.sha256(text).hexdigest()[:16]}"


def temporary():
    """What is in /tmp, but for what the run of the tests itself keeps there."""
    mine = os.environ.get("BATS_RUN_TMPDIR", "")
    for name in entries("/tmp"):
        if not mine.startswith(f"/tmp/{name}"):
            yield f"tmp /tmp/{name}"


def rootfs(top):
    for directory, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(directory, name)
            st = os.lstat(path)
            # What is written to a terminal is a time of the device's file (tty_update_time()).
            written = 0 if stat.S_ISCHR(st.st_mode) else st.st_mtime_ns
            yield f"rootfs {path} {st.st_mode:o} {st.st_size} {written}"


def take(top=None):
    """The whole ledger, sorted."""
    lines = [*mounts(), *cgroups(), *processes(), *states(), *temporary()]
    if top:
        lines += rootfs(top)
    return sorted(lines)


def difference(before, top=None, patience=0.0):
    """What is missing ("-") and what is new ("+") since then; [] is what there should be."""
    until = time.monotonic() + patience
    while True:
        now = take(top)
        lines = [f"- {line}" for line in sorted((Counter(before) - Counter(now)).elements())]
        lines += [f"+ {line}" for line in sorted((Counter(now) - Counter(before)).elements())]
        if not lines or time.monotonic() >= until:
            return lines
        time.sleep(0.01)  # the kernel tells nobody that a process or a link is gone


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rootfs")
    parser.add_argument("--since")
    parser.add_argument("--patience", type=float, default=0.0)
    asked = parser.parse_args()
    if not asked.since:
        print("\n".join(take(asked.rootfs)))
        return 0
    lines = difference(content(asked.since).splitlines(), asked.rootfs, asked.patience)
    if lines:
        print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
