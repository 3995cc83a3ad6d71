"""A state file and its records (c/state_file.h), for a test that changes one.

    python3 tests/lib/state.py FILE PYTHON     s is all that it says, as one object
"""
import json
import sys

PROCESS = ("pid", "startTime")


def read(path):
    """The first two records as one object; what comes after them is left out."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    found, end = json.JSONDecoder().raw_decode(text)
    return found | json.JSONDecoder().raw_decode(text[end:].lstrip())[0]


def write(path, state):
    plan = {key: value for key, value in state.items() if key not in PROCESS}
    with open(path, "w", encoding="utf-8") as file:
        for record in plan, {key: state[key] for key in PROCESS}:
            file.write(json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    s = read(sys.argv[1])
    exec(sys.argv[2])  # pylint: disable=exec-used
    write(sys.argv[1], s)
