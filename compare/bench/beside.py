"""What cbox does more than its floor, event by event, as the kernel's tracepoints tell it.

An event's time runs to the next event of the same processor: that of a page fault or of the end of a
call has in it what the program then does by itself. Tracing makes each event dearer, so the figures
are for comparing the two programs, not for adding up.
"""
import contextlib
import os
import re
import statistics
import subprocess

EVENTS = ("syscalls", "exceptions/page_fault_user", "exceptions/page_fault_kernel")
LINE = re.compile(r".*-(\d+)\s+\[\d+\]\s+\S+\s+([\d.]+): (page_fault_\w+|sys_\w+\(?):?\s*(.*)")
# Of a page fault's error_code (Intel SDM, volume 3, 4.7): the page was there; it was written to.
PRESENT, WRITTEN = 1, 2
# One kind of call, made through another function of the C library.
SAME = {"sendto": "sendmsg", "recvfrom": "recvmsg", "waitid": "wait4"}
SHOWN_US = 5


@contextlib.contextmanager
def tracing(directory):
    """A Trace in an instance of tracefs of its own: nobody else's tracing is touched."""
    mount = f"{directory}/tracefs"
    path = f"{mount}/instances/twinbox-bench"
    os.mkdir(mount)
    try:
        subprocess.run(["mount", "-t", "tracefs", "none", mount], check=True)
        try:
            os.makedirs(path, exist_ok=True)  # somebody who was killed may have left it
            try:
                yield Trace(path)
            finally:
                os.rmdir(path)
        finally:
            subprocess.run(["umount", mount], check=True)
    finally:
        os.rmdir(mount)


class Trace:
    """What the processor of this process does while a command runs on it."""

    def __init__(self, path):
        self.path = path
        self.put("tracing_on", 0)
        self.put("trace_clock", "mono")
        self.put("buffer_size_kb", 8192)
        for event in EVENTS:
            if not os.path.exists(f"{path}/events/{event}"):
                raise OSError(f"this kernel has no tracepoints events/{event}")
            self.put(f"events/{event}/enable", 1)

    def put(self, name, value):
        with open(f"{self.path}/{name}", "w", encoding="ascii") as file:
            file.write(f"{value}\n")

    def of(self, command):
        """(process, microseconds, event, words) of one run on this processor."""
        self.put("trace", "")
        self.put("tracing_on", 1)
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        self.put("tracing_on", 0)
        processor = max(os.sched_getaffinity(0))
        with open(f"{self.path}/per_cpu/cpu{processor}/trace", encoding="utf-8", errors="replace") as file:
            found = [LINE.match(line) for line in file if not line.startswith("#")]
        return [(int(m[1]), float(m[2]) * 1e6, m[3], m[4]) for m in found if m]


def page_fault(words):
    code = int(re.search(r"error_code=(0x\w+)", words)[1], 16)
    if not code & WRITTEN:
        return "page_read"
    return "page_copied" if code & PRESENT else "page_written"


def count(events):
    """kind -> [times, microseconds], from the program's execve(2) to its end, without the command's."""
    found, runtime, own, commands = {}, None, set(), set()
    for (process, begin, event, words), (_, end, _, _) in zip(events, events[1:]):
        call, entered, _ = event.partition("(")
        if call == "sys_execve" and entered and runtime is None:
            runtime = process
            own.add(process)
        elif call == "sys_clone3" and words == "-> 0x0":
            own.add(process)
        elif call == "sys_execve" and not entered and process in own and process != runtime:
            commands.add(process)
        if process not in own or process in commands:
            continue
        if call.startswith("page_fault"):
            what = page_fault(words)
        else:
            what = SAME.get(call[4:], call[4:]) if entered else "own_code"
        times = found.setdefault(what, [0, 0.0])
        times[0] += 1
        times[1] += end - begin
    return found


def typical(runs, what):
    """[times, microseconds]: the medians of some runs."""
    return [statistics.median(found.get(what, [0, 0.0])[i] for found in runs) for i in (0, 1)]


def measure(commands, runs, directory):
    """A row for each kind of event in which the second of two programs takes clearly more, dearest first."""
    found = {name: [] for name in commands}
    with tracing(directory) as trace:
        for _ in range(runs):
            for name, command in commands.items():
                found[name].append(count(trace.of(command)))
    kinds = {what for counts in found.values() for run in counts for what in run}
    rows = [{"what": what, **{name: typical(found[name], what) for name in commands}} for what in kinds]
    floor, other = commands
    rows.sort(key=lambda row: row[floor][1] - row[other][1])
    shown = [row for row in rows if row[other][1] - row[floor][1] >= SHOWN_US]
    rest = {"what": "rest", **{name: [sum(row[name][i] for row in rows if row not in shown)
                                      for i in (0, 1)] for name in commands}}
    return shown + [rest]


def show(rows):
    floor, other = list(rows[0])[1:]
    print(f"\nmicroseconds, with tracing: times {floor} {other}, {floor} {other}, more")
    for row in rows:
        (n, us), (more, longer) = row[floor], row[other]
        print(f"{row['what']:14}{n:6.0f}{more:6.0f}{us:9.0f}{longer:6.0f}{longer - us:+7.0f}")
