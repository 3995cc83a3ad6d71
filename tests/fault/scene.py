"""One run of a runtime with something done to it, and what is to be said about that run.

A scene is a command line of a runtime with what it needs before it. inject (inject.c) runs it; the
ledger tells what is left. Everything happens in one directory below /tmp, in the private namespaces
that infra/lab/private has made.
"""

import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import ledger  # noqa: E402
import state  # noqa: E402

ROOTFS = os.path.join(TOP, "build/rootfs")
INJECT = os.path.join(TOP, "build/fault/inject")
CBOX = os.path.join(TOP, os.environ.get("CBOX", "build/bin/cbox"))
GOBOX = os.path.join(TOP, os.environ.get("GOBOX", "build/bin/gobox"))
SECONDS = 10  # nothing may take longer, whatever is done to it
GONE = 5.0    # after a kill the kernel ends the rest, and tells nobody when it is through

ADDRESS = "02:00:5e:10:00:01"
# It tells what it was given: a run that goes on after a fault must give as much as one without.
COMMAND = ["/bin/sh", "-c", """
cat /proc/self/limits /proc/self/cgroup /proc/self/oom_score_adj
grep -E '^(Cap|NoNewPrivs|Uid|Gid|Groups|Sig(Blk|Ign))' /proc/self/status
cut -d' ' -f4- /proc/self/mountinfo
read -r _ _ _ _ group session _ </proc/$$/stat
[ $group = $$ ] && echo "own process group"; [ $session = $$ ] && echo "own session"
hostname; pwd; umask; env; ls /proc/self/fd /dev
ip -4 -o address show | cut -d' ' -f2-; ip route show
exit 7"""]
STATUS = 7
# It lives longer than a test waits for what a kill should have ended.
HELD = ["/bin/sleep", "30"]

Site = namedtuple("Site", "role stage call key number")
Result = namedtuple("Result", "end out err met sites leaks")


def own_calls():
    """Where gobox makes a system call that it asks for itself; Go's runtime has places of its own for
    what it needs of signals and memory."""
    done = subprocess.run(["nm", "-S", GOBOX], capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines()
                if re.search(r"internal/\S*\bSyscall6$", line))
    begin, size = line.split()[:2]
    return f"{begin}:{int(begin, 16) + int(size, 16):x}"


def name_of(box):
    return os.path.basename(box)


def other_than(box):
    return GOBOX if box == CBOX else CBOX


def without_bound_devices(output):
    """Where a device cannot be made (mknod(2), EPERM) it is the host's, bound."""
    return re.sub(r"^/(\w+) /dev/\1 .*\n", "", output or "", flags=re.M)


class Scene:
    """The command `run` with a spec; others change what they need."""

    user = None
    has_events = True  # they tell the stage of each call
    child_joins = False  # the child is not the command but who makes it, and may die after that
    status, output = STATUS, None  # the output of a run to which nothing is done

    def __init__(self, box, name, spec):
        self.box, self.name, self.command = box, name, COMMAND
        self.own = own_calls() if box == GOBOX else ""
        self.dir = tempfile.mkdtemp(prefix="fault-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.spec = os.path.join(self.dir, "spec.json")
        with open(self.spec, "w", encoding="utf-8") as file:
            json.dump(spec, file)

    def path(self, name):
        return os.path.join(self.dir, name)

    def words(self):
        return ["run", "--spec", self.spec, "--rootfs", ROOTFS, "--name", "faulty",
                "--events", self.path("events"), "--pid-file", self.path("pid"), "--", *self.command]

    def begin(self):
        """Before all runs, and before the ledger is taken."""
        # Else the first run alone makes it.
        os.makedirs("/run/twinbox", mode=0o700, exist_ok=True)

    def end(self):
        """After all runs, however they went."""

    def prepare(self):
        """Before each run."""
        try:
            os.unlink(self.path("events"))
        except FileNotFoundError:
            pass

    def plain(self):
        """A run to which nothing is done: what the others are measured by."""
        result = self.run()
        self.output = result.out
        return result

    def sites_while_held(self):
        """The calls that come while the command runs or before, as none ends it; none of `gc`."""
        if self.words()[0] == "gc":
            return set()
        self.command = HELD
        result = self.run(seconds=3)
        self.command = COMMAND
        collect(self.box)
        if not any(site.call == "execve" and HELD[0] in site.key for site in result.sites):
            raise RuntimeError(f"{HELD[0]} did not begin: {result.end} {result.err}")
        return {site[:1] + site[2:] for site in result.sites}

    def went_on(self, result):
        """True where the run did what it would have done without a fault."""
        return result.end == f"exit {self.status}" and \
            without_bound_devices(result.out) == without_bound_devices(self.output)

    def run(self, site=None, act=None, seconds=SECONDS):
        """Runs it once, with ACT done at the site."""
        self.prepare()
        words = [INJECT, "--report", self.path("report"), "--seconds", str(seconds)]
        if self.user is not None:
            words += ["--user", str(self.user)]
        if self.box == GOBOX:
            words += ["--own", self.own]
        if site:
            at = "\t".join([site.role, site.call, site.key, str(site.number)])
            words += ["--at", at, "--do", act]
        words += ["--", self.box, *self.words()]
        with open(self.path("out"), "wb") as out, open(self.path("err"), "wb") as err:
            subprocess.run(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=True,
                           timeout=3 * SECONDS, start_new_session=True)
        return self.read()

    def read(self):
        sites, leaks, end, met = [], [], None, None
        for line in ledger.content(self.path("report")).splitlines():
            kind, *words = line.split("\t")
            if kind == "site":
                sites.append(Site(*words[:4], int(words[4])))
            elif kind == "met":
                met = words[0]
            elif kind == "end":
                end = words[0]
            else:
                leaks.append(f"{kind} {words[0]}")
        # The pipe that gobox's signal handler writes to has to stay as long as the handler.
        pipe = next((leak for leak in leaks if leaks.count(leak) == 2 and "pipe:[" in leak), None)
        if self.box == GOBOX and pipe and pipe.startswith("open "):
            leaks = [leak for leak in leaks if leak != pipe]
        return Result(end, ledger.content(self.path("out")), ledger.content(self.path("err")),
                      met, sites, leaks)


def load(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return json.load(file)


def full_spec():
    """shared/specs/full.json without the limits, whose controllers few machines hand out."""
    spec = load("shared/specs/full.json")
    spec["linux"]["resources"] = {}
    return spec


class Entering(Scene):
    """`exec` into a container of the other runtime's, which lives through all runs."""

    has_events = False
    child_joins = True
    held = None

    def words(self):
        return ["exec", "faulty", "--", *self.command]

    def prepare(self):
        """Each run finds the same container."""

    def begin(self):
        words = Scene.words(self)
        words[words.index("--") + 1:] = ["/bin/cat"]
        self.held = subprocess.Popen([other_than(self.box), *words], stdin=subprocess.PIPE,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: ledger.content(self.path("pid")).endswith("\n"))

    def end(self):
        self.held.stdin.close()
        if self.held.wait(timeout=SECONDS) != 0:
            raise RuntimeError("the container did not live through it")


class Collecting(Scene):
    """`gc` after a runtime was killed while its container ran."""

    status = 0
    sleeper = None

    def words(self):
        return ["gc"]

    def prepare(self):
        run = Scene.words(self)
        run[run.index("--") + 1:] = ["/bin/sleep", "1000"]
        super().prepare()
        with subprocess.Popen([other_than(self.box), *run], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runtime:
            wait_for(lambda: ledger.content(self.path("pid")).endswith("\n"))
            runtime.kill()
        wait_for(lambda: not os.path.exists(f"/proc/{ledger.content(self.path('pid')).strip()}"))
        # The process and the link of a real one go with their runtime, when the kernel comes to
        # it; these stay.
        if self.sleeper:
            self.sleeper.wait(timeout=SECONDS)
        self.sleeper = subprocess.Popen(["sleep", "1000"])
        subprocess.run(["ip", "link", "add", "cbox0", "address", ADDRESS, "type", "veth", "peer",
                        "name", "cbox0p"], check=True)
        self.put(link="cbox0", linkAddress=ADDRESS, pid=self.sleeper.pid,
                 startTime=start_time(self.sleeper.pid))

    def put(self, **changes):
        """Into the state file, and the pid file too."""
        path = "/run/twinbox/faulty.json"
        now = state.read(path) | changes
        state.write(path, now)
        with open(self.path("pid"), "w", encoding="utf-8") as file:
            file.write(f"{now['pid']}\n")

    def went_on(self, result):
        return result.end == "exit 0" and self.sleeper.poll() is not None and \
            result.out == "faulty: removed process, cgroup, link, pid file, state file\n"


def start_time(pid):
    """The 22nd field of proc_pid_stat(5); the second may hold spaces."""
    return int(ledger.content(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])


def wait_for(what):
    """Until it is so; the deadline is far, for a slow machine."""
    for _ in range(10000):
        if what():
            return
        time.sleep(0.003)
    raise TimeoutError("waited in vain")


def on_stage(scene, tries):
    """The tries, between the scene's begin and its end."""
    scene.begin()
    try:
        yield from tries
    finally:
        scene.end()


def scenes(box):
    yield Scene(box, "full", full_spec())
    yield Scene(box, "rootless", load("shared/specs/rootless.json"))
    spec = full_spec()
    del spec["veth"]
    yield Entering(box, "exec", spec)
    yield Collecting(box, "gc", spec)


# --- Which calls -----------------------------------------------------------------------------------

# Made by Go's runtime or by glibc for themselves, in no stage of ours.
OF_GO = {"arch_prctl", "clock_gettime", "epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2",
         "futex", "getpid", "gettid", "madvise", "membarrier", "mmap", "munmap", "nanosleep",
         "prlimit64", "rt_sigaction", "rt_sigprocmask", "sched_getaffinity", "sched_yield",
         "set_robust_list", "sigaltstack", "tgkill", "timer_create", "timer_delete",
         "timer_settime", "uname"}
OF_LIBC = {"arch_prctl", "brk", "mprotect", "prlimit64", "readlink", "rseq", "set_robust_list",
           "set_tid_address"}
# These do not fail: there is nothing to inject.
NEVER_FAIL = {"exit", "exit_group", "getegid", "geteuid", "getgid", "getpid", "getppid", "gettid",
              "getuid", "restart_syscall", "rt_sigreturn", "sched_yield", "umask"}


def is_of_language(box, site):
    if site.key.split(" ")[-1] == "own":
        return False
    if box == GOBOX:
        return site.call in OF_GO or (site.call == "clone" and int(site.key, 16) & 0x10000) or \
            (site.call == "fcntl" and site.key.endswith(" 0x1"))
    return site.call in OF_LIBC and site.role == "runtime" and not site.stage


def run_until_met(scene, site, act, judge):
    """(result, complaint) of a run in which the call came. Go's threads may take turns otherwise,
    so there are three tries; a call that Go's runtime makes for itself, when it likes, may stay
    away for good: None, nothing was tried."""
    for _ in range(3):
        result = scene.run(site, act)
        wrong = judge(result)
        collect(scene.box)
        if result.met is not None:
            return result, wrong
    if not wrong and scene.box == GOBOX and is_of_language(scene.box, site):
        return None
    return result, wrong or "the call did not come"


def chosen(scene, sites, every):
    """The calls to fail: all, or the first of each distinct one in each stage. Where no events tell
    the stages, calls are distinct by what they are about."""
    found = set()
    for site in sites:
        # 41 signals are one thing, if it is not their turn.
        about = "" if scene.has_events or site.key.endswith(" own") else site.key
        what = site if every else (site.role, site.stage, site.call, about)
        # How often Go's runtime does something for itself is chance: each of that once.
        if is_of_language(scene.box, site):
            what = (site.role, site.call)
        if site.call in NEVER_FAIL or what in found:
            continue
        found.add(what)
        yield site


# --- What is to be said about a run --------------------------------------------------------------

STAGES = {"cgroup", "namespaces", "identity", "network", "hostname", "mounts", "privileges", "exec",
          "wait", "cleanup"}


def lost(scene, result):
    """What the command had otherwise than in a run to which nothing was done."""
    if result.end != f"exit {scene.status}" or scene.output is None:
        return ""
    lines = difflib.unified_diff(scene.output.splitlines(), result.out.splitlines(), lineterm="", n=0)
    return "; ".join(line for line in lines if line[:2] not in ("--", "++", "@@"))


def told(box, result, after_words=False):
    """The stage that standard error names, "" for none; None where it is not one clear error.

    after_words: a second self whose language's runtime gave up may have said more before it.
    """
    lines = result.err.splitlines()
    if after_words:
        while lines and not lines[0].startswith(f"{name_of(box)}: "):
            lines.pop(0)
    first = re.fullmatch(re.escape(name_of(box)) + r": (?:(\w+): )?\S.*", lines[0]) if lines else None
    if not first or len(lines) > 2 or (len(lines) == 2 and not lines[1].startswith("hint: ")):
        return None
    return first[1] if first[1] in STAGES else ""


def collect(box):
    """gc by the other runtime than the one that left something; its complaint, "" for none."""
    done = subprocess.run([other_than(box), "gc"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"gc: {done.stderr.strip()}"
