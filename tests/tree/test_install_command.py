#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What examples/install installs works, with nothing more to set:

test_install_command.py SOURCE-ROOT BUILD-ROOT PYTHON

All happens in a root of its own: this machine's, on which whatever is written lies in memory and ends with
the test. Where such a root cannot be made the cases are skipped.
"""

import os
import re
import shlex
import subprocess
import sys

import mounts
import tap

ROOT, BUILD, PYTHON = sys.argv[1:4]
INSIDE = mounts.enter()
PLAIN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
         "LC_ALL": "C.UTF-8"}
PREFIX = "/opt/of our own"


def make_root():
    """In a namespace of mounts: the merged root, below the current folder."""
    os.mkdir("memory")
    mounts.mount("-t", "tmpfs", "memory", "memory")
    for name in ("memory/upper", "memory/work", "memory/root"):
        os.mkdir(name)
    mounts.mount("-t", "overlay", "root", "-o", "lowerdir=/,upperdir=memory/upper,workdir=memory/work",
          "memory/root")
    root = os.path.abspath("memory/root")
    # Sources and build may lie on a file system of their own.
    for folder in {ROOT, BUILD}:
        if not os.path.exists(root + folder + "/meson.build") and not os.path.exists(
                root + folder + "/build.ninja"):
            raise tap.Skip("the sources lie on another file system")
    for name in ("proc", "dev"):
        mounts.mount("--rbind", f"/{name}", f"{root}/{name}")
    if not any(os.path.realpath(folder).startswith("/tmp/") for folder in (ROOT, BUILD)):
        mounts.mount("-t", "tmpfs", "memory", f"{root}/tmp")
    return root


def run(root, command, fails=False, **environment):
    """A line of the shell in that root, in which nothing of this test's environment is set."""
    done = subprocess.run(["chroot", root, "env", "-i", "bash", "-c", command], capture_output=True,
                          text=True, timeout=800, check=False, env={**PLAIN, **environment})
    if not fails:
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


def line(root, command, exports="true"):
    settings = " ".join(f"{key}={shlex.quote(value)}" for key, value in PLAIN.items())
    return run(root, f"export {settings}; {exports}; {command}").stdout


def files(root):
    """Everything where programs are installed but caches."""
    out = line(root, f"find /usr /etc {shlex.quote(PREFIX)} ! -type d ! -path '*/__pycache__/*' 2>/dev/null || true")
    return set(out.splitlines()) - {"/etc/ld.so.cache"}


def install(root, *options):
    words = ["examples/install", "--build", BUILD, *options]
    return line(root, f"cd {shlex.quote(ROOT)} && {shlex.join(words)}")


def check(root, exports, folder):
    """The element, its presets, the tools, Python and the unit's command."""
    assert "hrnetseg" in line(root, "gst-inspect-1.0 hrnetseg", exports)
    assert "person" in line(root, "hrnet-inspect people", exports)
    if os.path.exists(PYTHON):
        script = ("import gi\ngi.require_version('Hrnet', '1.0')\ngi.require_version('Gst', '1.0')\n"
                  "from gi.repository import Gst, Hrnet\nGst.init(None)\n"
                  "print(Hrnet.Model.load('people', None).get_classes(),"
                  "Gst.ElementFactory.make('hrnetseg').get_preset_names())")
        got = line(root, f"{PYTHON} -c {shlex.quote(script)}", exports)
        assert "person" in got and "Privacy" in got, got
    flags = line(root, "pkg-config --cflags --libs hrnet-1.0", exports)
    assert "/hrnet-1.0" in flags and "-lhrnet-1.0" in flags, flags
    unit = f"{folder}/lib/systemd/system/hrnetseg@.service"
    with open(root + unit, encoding="utf-8") as file:
        text = file.read()
    # As systemd does it: the unit's environment alone, variables replaced in words.
    settings = re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
    words = shlex.split(re.search(r"^ExecStart=(.*)$", text, re.MULTILINE).group(1))
    values = {"PORT": "0", "ELEMENT": "hrnetseg mode=blur", "SOURCE": "videotestsrc is-live=true"}
    words = [re.sub(r"\$\{(\w+)\}", lambda match: values[match.group(1)], word) for word in words]
    # No home: where a unit of a DynamicUser runs.
    serve = (f"cd /; exec 3< <(exec env -i {' '.join(settings)} {shlex.join(words)}); server=$!; "
             "read -r -t 300 -u 3 line; kill $server; echo \"$line\"")
    assert run(root, serve.replace("%i", "door")).stdout.startswith("rtsp://"), serve


def in_a_root(case):
    """Replaces the decorated case by one that gives it a root."""
    def test():
        if not INSIDE:
            raise tap.Skip("no root of one's own can be made here (root and namespaces are needed)")
        try:
            root = make_root()
        except subprocess.CalledProcessError as error:
            raise tap.Skip(f"no root of one's own: {error.stderr.decode().strip()}") from error
        try:
            case(root)
        finally:
            subprocess.run(["umount", "--recursive", "memory"], check=False)
    return test


@in_a_root
def test_default_prefix(root):
    before = files(root)
    assert "export" not in install(root)
    check(root, "true", "/usr/local")
    links = [text.split(" -> ")[0] for text in line(
        root, "cat /usr/local/share/hrnet/installed").splitlines() if " -> " in text]
    assert len(links) >= 2, links
    # Again, as after an update: what is no longer made goes.
    stale = "/usr/local/bin/hrnet-formerly"
    line(root, f"touch {stale}; echo {stale} >> /usr/local/share/hrnet/installed")
    install(root)
    assert not os.path.exists(root + stale)
    # A package's own file in the place of a link is not ours to take away.
    line(root, f"rm {links[0]}; echo packaged > {links[0]}")
    line(root, f"{shlex.quote(ROOT)}/examples/install --uninstall")
    assert files(root) == before | {links[0]}, files(root) ^ before
    assert run(root, f"rm {links[0]}; gst-inspect-1.0 hrnetseg", fails=True).returncode != 0
    again = run(root, f"{shlex.quote(ROOT)}/examples/install --uninstall", fails=True)
    assert again.returncode == 1 and len(again.stderr.splitlines()) == 1, again


@in_a_root
def test_another_prefix(root):
    before = files(root)
    exports = install(root, "--prefix", PREFIX).splitlines()[-1]
    assert exports.startswith("export "), exports
    outside = {path for path in files(root) - before if not path.startswith(PREFIX + "/")}
    assert not outside, outside
    check(root, exports, PREFIX)
    line(root, f"{shlex.quote(ROOT)}/examples/install --uninstall --prefix '{PREFIX}'")
    assert files(root) == before, files(root) ^ before


def test_mistakes_are_told():
    for words in (["--nonsense"], ["--prefix"], ["more"]):
        done = subprocess.run([f"{ROOT}/examples/install", *words], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 2 and done.stderr.startswith("usage:"), done


tap.main()
