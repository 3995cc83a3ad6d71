"""What `make bench` runs: the spec of each case, and a command line for each column."""
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TOP, "build/bench")
BIN = os.path.join(OUT, "bin")
ROOTFS = os.path.join(TOP, "build/rootfs")
CONTROLLERS = {"cpu", "memory", "pids"}


def die(words):
    sys.exit(f"bench: {words}")


def bounding_set():
    """The capabilities of this machine's bounding set: nothing is dropped, in any column."""
    with open(os.path.join(TOP, "c/capabilities.c"), encoding="utf-8") as f:
        names = re.findall(r'"(CAP_\w+)"', f.read())
    with open("/proc/self/status", encoding="utf-8") as f:
        mask = int(next(x for x in f if x.startswith("CapBnd")).split()[1], 16)
    return [name for bit, name in enumerate(names) if mask >> bit & 1]


def make_spec(case, rootfs=ROOTFS, name="bench"):
    """The same work for every column: six namespaces, /proc, pivot_root, a cgroup, /bin/true."""
    spec = {
        "ociVersion": "1.0.2",
        "hostname": "bench",
        "root": {"path": rootfs},
        "process": {
            "cwd": "/", "args": ["/bin/true"], "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
            "noNewPrivileges": True,
            "capabilities": {"bounding": bounding_set(), "effective": [], "permitted": [],
                             "inheritable": [], "ambient": []}},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {
            "namespaces": [{"type": t} for t in
                           ("pid", "mount", "network", "ipc", "uts", "cgroup")],
            "cgroupsPath": f"/{name}"}}
    if case == "veth":
        spec["veth"] = {
            "host": {"name": "bench0", "address": "10.200.1.1/24"},
            "container": {"name": "eth0", "address": "10.200.1.2/24", "gateway": "10.200.1.1"}}
    if case == "limits":
        spec["linux"]["resources"] = {
            "memory": {"limit": 52428800, "swap": 52428800},
            "cpu": {"quota": 20000, "period": 100000}, "pids": {"limit": 64}}
    return spec


def own(name, *more):
    return lambda w: [f"{BIN}/{name}", "run", "--spec", w.spec, "--rootfs", ROOTFS, *more]


def floor(name):
    return lambda w: [f"{BIN}/{name}", ROOTFS, "bench", *([w.case] if w.case != "plain" else [])]


def crun(w):
    return ["crun", "--root", f"{w.dir}/crun", "--cgroup-manager=cgroupfs", "run", "--bundle", w.dir,
            "bench"]


def runc(w):
    return ["runc", "--root", f"{w.dir}/runc", "run", "--bundle", w.dir, "bench"]


def bwrap(_):
    return ["bwrap", "--unshare-all", "--bind", ROOTFS, "/", "--proc", "/proc", "/bin/true"]


def unshare(_):
    return ["unshare", "--fork", "--pid", "--mount", "--net", "--ipc", "--uts", "--cgroup", "--root",
            ROOTFS, "/bin/true"]


# Every column: its command line, the program it needs, the cases that it can do, its floor.
ALL, PLAIN = ("plain", "veth", "limits"), ("plain",)
COLUMNS = {
    "floor": (floor("floor"), None, ALL, "floor"),
    "floor-go": (floor("floor-go"), None, PLAIN, "floor-go"),
    "cbox": (own("cbox"), None, ALL, "floor"),
    "gobox": (own("gobox"), None, ALL, "floor-go"),
    "bridge": (own("gobox-bridge", "--via", "all=c"), None, ALL, "floor-go"),
    "crun": (crun, "crun", ("plain", "limits"), "floor"),
    "runc": (runc, "runc", ("plain", "limits"), "floor-go"),
    "bwrap": (bwrap, "bwrap", PLAIN, "floor"),
    "unshare": (unshare, "unshare", PLAIN, "floor"),
    "ip": (lambda w: [f"{HERE}/by-hand", ROOTFS], "ip", ("veth",), "floor"),
}


class Work:
    """One case: its spec, its bundle, and the columns that take part."""

    def __init__(self, case, names, directory):
        self.case, self.dir = case, directory
        self.spec = f"{directory}/config.json"
        with open(self.spec, "w", encoding="utf-8") as f:
            json.dump(make_spec(case), f)
        self.commands = {}
        for name in names:
            line, program, cases, _ = COLUMNS[name]
            if case not in cases:
                continue
            if program and not shutil.which(program):
                print(f"bench: {name}: not installed, so left out", file=sys.stderr)
                continue
            self.commands[name] = line(self)

    def floor_of(self, name):
        wanted = COLUMNS[name][3]
        return wanted if wanted in self.commands else "floor"


def has_controllers():
    with open("/sys/fs/cgroup/cgroup.controllers", encoding="utf-8") as f:
        return CONTROLLERS <= set(f.read().split())


def build_floors():
    """Builds them and puts all programs of ours into BIN. There they are copies, as `make install` makes
    them and as crun and runc came: a linker writes its file piece by piece, the page cache keeps the
    pieces, and until they are read again a start of that very file takes some per cent more."""
    found = subprocess.run([f"{TOP}/infra/setup/find-go"], capture_output=True, text=True, check=True)
    os.makedirs(OUT, exist_ok=True)
    for name in "floor", "memory":
        subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-fPIE", "-static-pie",
                        "-Wno-unused-result", "-o", f"{OUT}/{name}", f"{HERE}/{name}.c"], check=True)
    subprocess.run([found.stdout.strip(), "build", "-trimpath", "-o", f"{OUT}/floor-go",
                    f"{HERE}/floor.go"],
                   check=True, env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"})
    programs = [f"{TOP}/build/bin/{name}" for name in ("cbox", "gobox", "gobox-bridge")]
    programs += [f"{OUT}/{name}" for name in ("floor", "floor-go", "memory")]
    subprocess.run(["install", "-D", "-t", BIN, *programs], check=True)


def quantile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
