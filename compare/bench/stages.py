"""Where the time goes: microseconds a stage by the clocks of --events, and what those cost."""
import json
import os
import statistics
import subprocess
import sys
import tempfile

import beside
from work import Work, die, quantile

NAMES = ("cbox", "gobox", "bridge")
ROUNDS = 20
BESIDE_RUNS = 40


def durations(lines):
    """(who, stage) -> microseconds, of the events of one container. The end of "exec" is heard by the
    parent: what lies between is the child's execve(2)."""
    begun, found = {}, {}
    for line in lines:
        e = json.loads(line)
        key = (e["who"], e["stage"])
        if e["event"] == "begin":
            begun[key] = e["time"]
        elif e["event"] == "ok":
            start = ("child", "exec") if key == ("parent", "exec") else key
            found[start] = (e["time"] - begun[start]) / 1000
    begin, end = json.loads(lines[0])["time"], json.loads(lines[-1])["time"]
    found["", "all stages"] = (end - begin) / 1000
    return found


def run_one(name, command, events):
    done = subprocess.run([*command[:2], "--events", events, *command[2:]], check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        die(f"{name}: ended with {done.returncode}")
    with open(events, encoding="utf-8") as f:
        lines = f.read().splitlines()
    os.unlink(events)
    return durations(lines)


def times_of(command, runs, setup):
    """hyperfine's times of a command; setup comes before each run and is not in them."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["hyperfine", "-N", "--warmup", "1", "--runs", str(runs), "--prepare", setup,
                        "--export-json", out.name, " ".join(command)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return json.load(out)["results"][0]["times"]


def cost_of_events(work, runs, events):
    """How much slower each is with --events, in per cent of the median, in turns."""
    cost, remove = {}, f"rm -f {events}"
    for name, command in work.commands.items():
        without, with_events = [], []
        told = [*command[:2], "--events", events, *command[2:]]
        for _ in range(ROUNDS):
            without += times_of(command, max(2, runs // ROUNDS), remove)
            with_events += times_of(told, max(2, runs // ROUNDS), remove)
        cost[name] = (statistics.median(with_events) / statistics.median(without) - 1) * 100
    return cost


def show(table, cost, runs):
    print(f"microseconds a stage, {runs} runs: p50 (p99)\n")
    print(f"{'':27}" + "".join(f"{n:>18}" for n in NAMES))
    for (who, stage), row in table.items():
        cells = "".join(f"{row[n]['p50']:9.0f} {'(' + format(row[n]['p99'], '.0f') + ')':>8}"
                        if n in row else f"{'':18}" for n in NAMES)
        print(f"{who:8}{stage:19}{cells}")
    print("\n--events cost: " + ", ".join(f"{n} {c:+.1f} %" for n, c in cost.items()) +
          " of the median, at most 2 %")


def beside_the_floor(directory):
    """What cbox does more than its floor; nothing, with a word, where the kernel cannot tell."""
    try:
        rows = beside.measure(Work("plain", ("floor", "cbox"), directory).commands, BESIDE_RUNS, directory)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"bench: beside the floor: left out: {error}", file=sys.stderr)
        return []
    beside.show(rows)
    return rows


def measure(runs):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        work = Work("veth", NAMES, directory)
        events = f"{directory}/events"
        found = {}
        for name, command in work.commands.items():
            run_one(name, command, events)
        for i in range(runs):
            if i % 50 == 0:
                print(f"bench: stages, run {i} of {runs}", file=sys.stderr)
            for name, command in work.commands.items():
                for key, us in run_one(name, command, events).items():
                    found.setdefault(key, {}).setdefault(name, []).append(us)
        table = {key: {n: {"p50": statistics.median(v), "p99": quantile(v, 0.99)}
                       for n, v in row.items()} for key, row in found.items()}
        cost = cost_of_events(Work("plain", NAMES, directory), runs, events)
        show(table, cost, runs)
        more = beside_the_floor(directory)
    return {"runs": runs, "events_cost_percent": cost, "beside": more,
            "stages": [{"who": who, "stage": stage, **row} for (who, stage), row in table.items()]}
