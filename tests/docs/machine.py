"""What a machine has: mounts, cgroups, links, namespaces and so on, to tell what was left behind."""

import os
import re
import subprocess
from pathlib import Path

CGROUPS = "/sys/fs/cgroup"
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")


def lines(*command):
    """The lines that a command prints; none where it is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return set()
    return set(done.stdout.splitlines())


def mounts():
    """Where what is mounted, and how it propagates (proc_pid_mountinfo(5), less the numbers)."""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, after = line.split(" - ")
        fields = before.split()
        shared = re.sub(r":\d+", "", " ".join(fields[6:])) or "private"
        yield f"{fields[4]} ({after.split()[0]}, {shared})"


def processes(ours):
    """(pid, command line) of the processes but kernel threads, those of ours and the lab's own."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in ours:
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if command and not command.startswith("/dev/busybox "):
            yield int(entry.name), command.strip()


def namespaces(pids):
    """The namespaces that some process is in."""
    for pid in pids:
        for name in NAMESPACES:
            try:
                yield os.readlink(f"/proc/{pid}/ns/{name}")
            except OSError:
                pass


def snapshot(ours):
    """{kind: set of what is there}; ours are pids that do not count."""
    running = dict(processes(ours | {os.getpid()}))
    return {
        "mount": set(mounts()),
        "cgroup": {path for path, _, _ in os.walk(CGROUPS)},
        "link": {re.split("[ @]", line)[0] for line in lines("ip", "-brief", "link")},
        "address": {" ".join(line.split()) for line in lines("ip", "-brief", "addr")},
        "route": lines("ip", "route"),
        "packet filter": lines("nft", "list", "ruleset"),
        "forwarding": {Path("/proc/sys/net/ipv4/ip_forward").read_text(encoding="utf-8").strip()},
        "namespace": set(namespaces([*running, os.getpid()])),
        "process": {f"{pid} {command}" for pid, command in running.items()},
    }


def differences(before, after):
    """What is new and what is missing, one line each."""
    return [f"{kind} {word}: {thing}" for kind in before
            for word, things in (("left", after[kind] - before[kind]),
                                 ("gone", before[kind] - after[kind]))
            for thing in sorted(things)]
