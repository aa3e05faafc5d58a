# SPDX-License-Identifier: LGPL-2.1-or-later
"""No network, no other program, nothing written but what was asked for: what strace sees of tools, library and
element.

    test_confined.py MODEL PLUGIN-FOLDER PICTURE TOOL-FOLDER EMBEDDING-PROGRAM"""

import os
import re
import shutil
import subprocess
import sys

import tap

MODEL, PLUGINS, PICTURE, TOOLS, EMBEDDED = (os.path.abspath(path) for path in sys.argv[1:6])

CALLS = ("%network,%process,open,openat,openat2,creat,mknod,mknodat,mkdir,mkdirat,rename,renameat,renameat2,link,"
         "linkat,symlink,symlinkat,unlink,unlinkat,rmdir,truncate,chmod,fchmodat,chown,lchown,fchownat")
LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (-?\d+|\?)")
# A path, behind the open folder that it begins in.
PATHS = re.compile(r'(?:<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
UNFINISHED = re.compile(r"^(\d+\s+)(.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+\s+)<\.\.\. \w+ resumed>(.*)$")
# The C library's look-up of a user's home asks its name service's cache, if there is one.
NAME_SERVICE = "/nscd/socket"
OPENS = {"open", "openat", "openat2"}
WRITES = re.compile(r"\bO_(WRONLY|RDWR|CREAT|TRUNC)\b")
# The last is how Orc, GStreamer's compiler of vector code, comes by memory for it: made and at once unlinked.
NEVER_KEPT = re.compile(r"^/dev/(null|zero|tty)$|^/proc/self/|/orcexec\.\w{6}$")


def whole_calls(trace):
    """The lines of a trace, those in one that another thread came between."""
    begun = {}
    for line in trace.splitlines():
        unfinished, resumed = UNFINISHED.match(line), RESUMED.match(line)
        if unfinished:
            begun[unfinished[1]] = unfinished[2]
        elif resumed:
            yield resumed[1] + begun.pop(resumed[1], "") + resumed[2]
        else:
            yield line


def may_change(folder, path, allowed):
    real = os.path.realpath(os.path.join(folder, path))
    return bool(NEVER_KEPT.search(path)) or any(real == folder or real.startswith(folder + "/") for folder in allowed)


def faults_of(trace, allowed):
    """The lines of a trace that tell of what may not be. allowed: folders that may be written in."""
    faults, started = [], 0
    for line in whole_calls(trace):
        match = LINE.match(line)
        if not match:
            continue
        call, arguments, result = match.groups()
        paths = PATHS.findall(arguments)
        if call in ("execve", "execveat"):
            started += result == "0"
            bad = started > 1
        elif call in ("fork", "vfork"):
            bad = True
        elif call in ("clone", "clone3"):
            bad = "CLONE_THREAD" not in arguments
        elif call in ("socket", "socketpair"):
            bad = not arguments.startswith("AF_UNIX")
        elif call == "connect":
            bad = NAME_SERVICE not in arguments
        elif call in OPENS and not WRITES.search(arguments):
            bad = False
        else: # what takes a path changes something there; what takes none is of sockets and threads that are there
            bad = not result.startswith("-") and not all(may_change(*path, allowed) for path in paths)
        if bad:
            faults.append(line)
    return faults, started


def watch(words, environment=None, status=0):
    """Runs a program in the folder "out" and returns what it did that it may not."""
    if not shutil.which("strace"):
        raise tap.Skip("strace is not installed")
    for folder in ("out", "cache", "home"):
        os.makedirs(folder, exist_ok=True)
    own = {**os.environ, "HOME": os.path.abspath("home"), "XDG_CACHE_HOME": os.path.abspath("cache"),
           **(environment or {})}
    done = subprocess.run(["strace", "-f", "-y", "-qq", "-s", "4096", "-e", f"trace={CALLS}", "-o", "../trace", *words],
                          cwd="out", env=own, capture_output=True, text=True, check=False, timeout=240)
    if not os.path.exists("trace"):
        raise tap.Skip(f"strace may not watch here: {done.stderr.strip()[:100]}")
    with open("trace", encoding="utf-8", errors="replace") as file:
        trace = file.read()
    os.remove("trace")
    if "ptrace" in done.stderr and not trace:
        raise tap.Skip(f"strace may not watch here: {done.stderr.strip()[:100]}")
    assert done.returncode == status, done.stderr
    here = os.path.realpath(".")
    old, faults = os.getcwd(), None
    os.chdir("out")
    try:
        faults, started = faults_of(trace, [f"{here}/out", f"{here}/cache"])
    finally:
        os.chdir(old)
    assert started > 0, "strace saw no program begin"
    return faults


def check(words, environment=None):
    faults = watch(words, environment)
    assert not faults, "\n".join(["what it may not:", *faults])


def tool(name):
    return os.path.join(TOOLS, name)


def test_the_watch_sees():
    """A program that does each of these is caught at each."""
    os.mkdir("out")
    with open("out/here", "w", encoding="ascii"):
        pass
    for script, call in (
            ("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "socket("),
            ("import os\nif os.fork() == 0: os._exit(0)\nos.wait()", "clone"),
            ("import os; os.execv('/bin/true', ['true'])", "execve("),
            ("open('../elsewhere', 'w').close()", "elsewhere"),
            ("import os; os.mkdir('../folder')", "folder"),
            ("import os; os.open('elsewhere2', os.O_CREAT | os.O_WRONLY, dir_fd=os.open('..', 0))", "elsewhere2"),
            ("import threading, os; threading.Thread(target=lambda: os.rename('here', '../gone')).start()", "gone")):
        faults = watch([sys.executable, "-B", "-S", "-c", script])
        assert any(call in fault for fault in faults), f"{script}: {faults}"
    assert not watch([sys.executable, "-B", "-S", "-c", "open('here', 'w').close()"])


def test_segment():
    check([tool("hrnet-segment"), f"--model={MODEL}", "--labels=l.png", "--overlay=o.png", "--logits=l.npy", PICTURE])
    assert sorted(os.listdir("out")) == ["l.npy", "l.png", "o.png"]


def test_inspect():
    check([tool("hrnet-inspect"), MODEL])
    assert os.listdir("out") == []


def test_convert():
    check([tool("hrnet-convert"), "--half", "--selftest", MODEL, "small.safetensors"])
    assert os.listdir("out") == ["small.safetensors"]


def test_bench():
    check([tool("hrnet-bench"), f"--model={MODEL}", "--size=32x64", "--runs=1"])
    assert os.listdir("out") == []


def test_tuning():
    """What it measures it keeps in the cache."""
    check([tool("hrnet-bench"), f"--model={MODEL}", "--size=32x64", "--runs=1", "--tune"])
    assert os.listdir("out") == [] and os.listdir("cache") == ["hrnet"]


def test_library():
    check([EMBEDDED, MODEL, PICTURE])
    assert os.listdir("out") == []


def test_element():
    if not shutil.which("gst-launch-1.0"):
        raise tap.Skip("gst-launch-1.0 is not installed")
    environment = {"GST_PLUGIN_PATH": PLUGINS, "GST_REGISTRY": os.path.abspath("registry"), "GST_REGISTRY_FORK": "no",
                   "XDG_RUNTIME_DIR": os.path.abspath(".")}
    subprocess.run(["gst-inspect-1.0", "hrnetseg"], env={**os.environ, **environment}, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=240)
    environment["GST_REGISTRY_UPDATE"] = "no"
    for line in ("hrnetseg", "hrnetseg mode=blur fail-closed=true margin=4",
                 "hrnetseg sync-mode=latest message-interval=10 smoothing=100 edge-refine=true"):
        check(["gst-launch-1.0", "-q", "videotestsrc", "num-buffers=4", "!", "video/x-raw,width=64,height=48", "!",
               *line.split(), f"model={MODEL}", "!", "fakesink"], environment)
        assert os.listdir("out") == []


tap.main()
