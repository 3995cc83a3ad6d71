"""A terminal with a shell in it, typed into line by line as a reader would.

Every line is typed when the shell has shown its prompt. The prompt is a mark of our own, which tells
the exit status and how deep the shell is: a shell that a command started (in a container, say) gets
a mark of its own, so it is seen when it ends. Interactive programs run as on any terminal.
"""

import os
import re
import time
from pathlib import Path

import pexpect

COLUMNS, ROWS = 120, 40
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r|\x07")
# What a fresh shell's own prompt looks like, whatever it is: `# ` or `$ ` and nothing after it.
ANY_PROMPT = r"[#$] (?:\x1b\[[0-9;?]*[A-Za-z])*$"


class Hang(Exception):
    """No prompt came back in time, or the terminal is gone; carries what was shown."""


def plain(shown):
    """Shown text without escape sequences and carriage returns."""
    return ESCAPES.sub("", shown)


class Terminal:
    """depth counts the shells inside one another; names are what the page calls them."""

    def __init__(self, directory):
        self.token = os.urandom(4).hex()
        self.names = []
        self.busy = False
        self.looked = 0  # how much of what a running command shows has been compared
        self.shell = b""  # how the kernel calls what read the line of the running command
        env = {name: value for name, value in os.environ.items()
               if name in ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR")}
        env |= {"TERM": "dumb", "LANG": "C.UTF-8"}
        self.child = pexpect.spawn("bash", ["--noprofile", "--norc", "--noediting", "-i"],
                                   cwd=directory, env=env, echo=False, encoding="utf-8",
                                   codec_errors="replace", dimensions=(ROWS, COLUMNS))
        self.child.delaybeforesend = None
        self.expect(ANY_PROMPT, time.monotonic() + 30)
        self.mark_prompt(time.monotonic() + 30)

    @property
    def pid(self):
        return self.child.pid

    @property
    def depth(self):
        return len(self.names)

    def expect(self, pattern, deadline):
        """What was shown before pattern; the match is in self.child.match."""
        try:
            self.child.expect(pattern, timeout=max(0.1, deadline - time.monotonic()))
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            raise Hang(plain(self.child.before or "")) from error
        return plain(self.child.before)

    def mark_prompt(self, deadline):
        """Gives the shell that is now reading our prompt. The quotes in the middle keep the echo of
        this line, on a terminal that still echoes, from looking like the prompt itself. A program
        may throw away what was typed before it set up its terminal; so it is typed again."""
        mark = f"<''{self.token}.{self.depth}"
        lines = ["stty -echo 2>/dev/null", "set +o emacs 2>/dev/null",
                 f"PROMPT_COMMAND= PS1='{mark} $?>' PS2='{mark} +>'"]
        while True:
            for line in lines:
                self.child.send(line + "\n")
            try:
                self.expect(rf"<{self.token}\.{self.depth} 0>", min(deadline, time.monotonic() + 5))
                break
            except Hang:
                if time.monotonic() >= deadline:
                    raise
        self.skip_prompts(deadline)

    def skip_prompts(self, deadline):
        """Over the prompts of what was typed more than once."""
        self.child.send(f"echo '<''{self.token} ready>'\n")
        self.expect(rf"<{self.token} ready>\r?\n", deadline)
        self.expect(rf"<{self.token}\.{self.depth} 0>", deadline)

    def prompt(self, deadline):
        """Waits for a prompt: (shown, status), status None where the command goes on."""
        shown = self.expect(rf"<{self.token}\.(\d+) (\d+|\+)>", deadline)
        depth, status = self.child.match.groups()
        del self.names[int(depth):]
        return shown, None if status == "+" else int(status)

    def type(self, line, deadline):
        """Types a line and waits for the next prompt."""
        self.child.send(line + "\n")
        return self.prompt(deadline)

    def open(self, line, name, deadline):
        """Types a line that leaves a shell running, and waits for that shell's prompt."""
        self.child.send(line + "\n")
        shown = self.expect(rf"<{self.token}\.\d+ (?:\d+|\+)>|{ANY_PROMPT}", deadline)
        if self.token in self.child.after:
            raise Hang(shown + "(it ended; it was to leave a shell running)")
        self.names.append(name)
        self.mark_prompt(deadline)
        return shown.rpartition("\n")[0]

    def start(self, line):
        """Types a line and does not wait."""
        shell = os.tcgetpgrp(self.child.child_fd)
        self.shell = Path(f"/proc/{shell}/cmdline").read_bytes()
        self.child.send(line + "\n")
        self.busy = True
        self.looked = 0

    def is_starting(self):
        """The terminal is still the shell's, or that of the copy which the shell has made of itself."""
        group = os.tcgetpgrp(self.child.child_fd)
        try:
            return Path(f"/proc/{group}/cmdline").read_bytes() == self.shell
        except OSError:
            return False  # it has ended

    def press(self, key, deadline):
        """Presses Ctrl and a key and waits for the prompt. Where the shell is just starting the
        command, its copy has the terminal already and the shell's handler still: Ctrl-C would get
        lost, or make that copy a second shell. So the command is waited for, a second at most, as
        it may be a shell itself; and the key is pressed again, as one would."""
        presses = 0
        latest = min(deadline, time.monotonic() + 1)
        while self.is_starting() and time.monotonic() < latest:
            time.sleep(0.001)
        while True:
            self.child.sendcontrol(key)
            presses += 1
            try:
                self.prompt(min(deadline, time.monotonic() + 1) if key == "c" else deadline)
                break
            except Hang:
                if time.monotonic() >= deadline:
                    raise
        self.busy = False
        if presses > 1:
            self.skip_prompts(deadline)

    def look(self, seconds):
        """What the running command has shown since `looked`, and its exit status once its prompt has
        come (busy is false then); waits so many seconds for that."""
        status = None
        try:
            self.child.expect(rf"<{self.token}\.(\d+) (\d+)>", timeout=seconds)
            self.busy = False
            del self.names[int(self.child.match[1]):]
            status = int(self.child.match[2])
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF as error:
            raise Hang(plain(self.child.before)) from error
        return plain(self.child.before)[self.looked:], status

    def close(self):
        self.child.close(force=True)
