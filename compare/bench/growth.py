"""How the cost grows: each series is milliseconds a container against a number, with the floor beside
the runtimes: what the floor takes more is the kernel's, what a runtime takes more than that is ours."""
import contextlib
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import plot
from work import BIN, OUT, ROOTFS, die, make_spec

NAMES = ("floor", "cbox", "gobox")
REPEAT = 15  # of each single start; its median counts
LIBC = ctypes.CDLL(None, use_errno=True)
MS_BIND = 0x1000


class Scene:
    """A directory of specs, and command lines of the columns made of them."""

    def __init__(self, directory):
        self.dir, self.number = directory, 0

    def command(self, name, more=(), floor=(), rootfs=ROOTFS, change=None, argv=()):
        """The column's command line for a new container; change alters its spec."""
        self.number += 1
        cgroup = f"growth{self.number}"
        if name == "floor":
            return [f"{BIN}/floor", rootfs, cgroup, *floor]
        spec = make_spec("plain", rootfs, cgroup)
        if change:
            change(spec)
        path = f"{self.dir}/{cgroup}.json"
        with open(path, "w", encoding="utf-8") as f:
            json.dump(spec, f)
        return [f"{BIN}/{name}", "run", "--spec", path, "--rootfs", rootfs, "--name", cgroup, *more,
                *(["--", *argv] if argv else [])]


def start(command):
    """Milliseconds of one start to its end."""
    begin = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        die(f"{' '.join(command)}: ended with {done.returncode}")
    return (time.perf_counter() - begin) * 1000


def in_turns(commands):
    """The median of each column, which take turns."""
    times = {name: [] for name in commands}
    for _ in range(REPEAT):
        for name, command in commands.items():
            times[name].append(start(command))
    return {name: statistics.median(t) for name, t in times.items()}


def hold(command):
    """Starts a container that stays, and waits until its command answers."""
    p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    p.stdin.write(b"x")
    if p.stdout.read(1) != b"x":
        die(f"{' '.join(command)}: did not start")
    return p


def held(scene, n):
    """n at once: milliseconds a container to start all and to end all."""
    found = {}
    for name in NAMES:
        commands = [scene.command(name, floor=["hold"], argv=["/bin/cat"]) for _ in range(n)]
        begin = time.perf_counter()
        running = [hold(c) for c in commands]
        for p in running:
            p.stdin.close()
        for p in running:
            if p.wait():
                die(f"{name}: ended with {p.returncode}")
            p.stdout.close()
        found[name] = (time.perf_counter() - begin) * 1000 / n
    return found


def parallel(scene, n):
    """n at the same time, over and over."""
    found = {}
    for name in NAMES:
        commands = [scene.command(name) for _ in range(n)]
        begin = time.perf_counter()
        for _ in range(REPEAT):
            running = [subprocess.Popen(c, stdin=subprocess.DEVNULL) for c in commands]
            if any([p.wait() for p in running]):
                die(f"{name}: a start in parallel failed")
        found[name] = (time.perf_counter() - begin) * 1000 / n / REPEAT
    return found


def spec_mounts(scene, n):
    def change(spec):
        spec["mounts"] += [{"destination": "/tmp" + (f"/{i}" if i else ""), "type": "tmpfs",
                            "source": "tmpfs"} for i in range(n)]
    return in_turns({name: scene.command(name, floor=["mounts", str(n)], change=change)
                     for name in NAMES})


@contextlib.contextmanager
def many_mounts(directory, n):
    target = f"{directory}/mounts"
    os.makedirs(target, exist_ok=True)
    made = 0
    try:
        for made in range(1, n + 1):
            if LIBC.mount(target.encode(), target.encode(), None, MS_BIND, None):
                die(f"mount {made}: {os.strerror(ctypes.get_errno())}")
        yield
    finally:
        for _ in range(made):
            LIBC.umount2(target.encode(), 2)


def host_mounts(scene, n):
    with many_mounts(scene.dir, n):
        return in_turns({name: scene.command(name) for name in NAMES})


def ip(*lines):
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)


def veth_pairs(scene, n):
    def change(spec):
        spec["veth"] = make_spec("veth")["veth"]
    pairs = range(n - 1)
    try:
        ip(*[f"link add grow{i} type veth peer name worg{i}" for i in pairs])
        return in_turns({name: scene.command(name, floor=["veth"], change=change) for name in NAMES})
    finally:
        ip(*[f"link delete grow{i}" for i in pairs])


def rootfs_files(scene, n):
    root = f"{scene.dir}/root{n}"
    subprocess.run(["cp", "-a", ROOTFS, root], check=True)
    for i in range(n):
        if i % 1000 == 0:
            os.makedirs(f"{root}/files/{i // 1000}")
        with open(f"{root}/files/{i // 1000}/{i}", "wb"):
            pass
    return in_turns({name: scene.command(name, rootfs=root) for name in NAMES})


# Its name, what the number counts, the numbers, and how to measure one.
SERIES = [
    ("held", "containers held at once", (1, 10, 100, 1000), held),
    ("parallel", "started at the same time", (1, 2, 4, 8), parallel),
    ("spec-mounts", "tmpfs in the spec", (1, 5, 10, 25, 50), spec_mounts),
    ("host-mounts", "mounts on the host", (10, 100, 1000, 10000), host_mounts),
    ("veth-pairs", "veth pairs", (1, 10, 100), veth_pairs),
    ("rootfs-files", "files in the rootfs", (10, 100000), rootfs_files),
]


def measure(most):
    report = {}
    for name, title, numbers, of in SERIES:
        found = {column: [] for column in NAMES}
        print(f"\n{title}: milliseconds a container\n{'':8}" + "".join(f"{c:>9}" for c in NAMES) +
              f"{'cbox-floor':>12}")
        for n in numbers:
            if most and n > most:
                continue
            with tempfile.TemporaryDirectory(dir=os.path.dirname(ROOTFS)) as directory:
                row = of(Scene(directory), n)
            for column, ms in row.items():
                found[column].append((n, ms))
            print(f"{n:8}" + "".join(f"{row[c]:9.2f}" for c in NAMES) +
                  f"{row['cbox'] - row['floor']:12.2f}")
            sys.stdout.flush()
        report[name] = {"title": title, "columns": found}
        plot.lines(f"{OUT}/growth-{name}.svg", f"{title}: milliseconds a container", found)
    return report
