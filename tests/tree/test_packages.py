#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's packages: built, looked at by lintian, installed in a root of its own, and used as README says.

test_packages.py SOURCE-ROOT
"""

import glob
import os
import shutil
import subprocess
import sys

import mounts
import tap

ROOT = os.path.abspath(sys.argv[1])
OWN_MOUNTS = mounts.enter()
PACKAGES = {"libhrnet-1.0-1", "libhrnet-1.0-dev", "gir1.2-hrnet-1.0", "gstreamer1.0-hrnet", "hrnet-tools",
            "hrnet-models"}
HERE = os.getcwd()


def run(*command, folder=None, ok=True, **environment):
    plain = {name: value for name, value in os.environ.items()
             if name in ("PATH", "HOME", "CCACHE_DIR", "LANG") or name.startswith("DEB")}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3600,
                          check=False, env={**plain, **environment})
    assert not ok or done.returncode == 0, f"{command}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout + done.stderr


def needs(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        raise tap.Skip(f"needs {' '.join(missing)}")


BUILT = os.path.join(HERE, f"packages-{os.getpid()}")


def test_packages_are_built():
    needs("dpkg-buildpackage", "dh")
    lacking = run("dpkg-checkbuilddeps", f"{ROOT}/examples/packaging/debian/control", ok=False).strip()
    if lacking:
        raise tap.Skip(lacking)
    tree = os.path.join(BUILT, "gst-hrnet")
    os.makedirs(tree)
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=ROOT)
    for name in names.split("\0"):
        if os.path.isfile(os.path.join(ROOT, name)):
            os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, name), os.path.join(tree, name))
    # README's words.
    run("cp", "-r", "examples/packaging/debian", ".", folder=tree)
    compiler = {"CC": "ccache gcc"} if shutil.which("ccache") else {}
    run("dpkg-buildpackage", "-b", "-us", "-uc", folder=tree, **compiler)
    names = {os.path.basename(path).split("_")[0] for path in glob.glob(f"{BUILT}/*.deb")}
    assert names - {f"{name}-dbgsym" for name in names} >= PACKAGES, names


def built():
    packages = [path for path in glob.glob(f"{BUILT}/*.deb") if "-dbgsym" not in path]
    if not packages:
        raise tap.Skip("no packages were built")
    return packages


def test_lintian_finds_no_error():
    packages = built()
    needs("lintian")
    errors = [line for line in run("lintian", "--allow-root", "--fail-on", "none", *packages).splitlines()
              if line.startswith("E:")]
    assert not errors, errors


def test_installed_packages_work():
    packages = built()
    if not OWN_MOUNTS:
        raise tap.Skip("no root of one's own can be made here")
    for name in ("memory", "memory/upper", "memory/work", "memory/root"):
        os.mkdir(name)
        if name == "memory":
            mounts.mount("-t", "tmpfs", "memory", "memory")
    mounts.mount("-t", "overlay", "root", "-o", "lowerdir=/,upperdir=memory/upper,workdir=memory/work",
                 "memory/root")
    root = os.path.abspath("memory/root")
    for name in ("proc", "dev"):
        mounts.mount("--rbind", f"/{name}", f"{root}/{name}")
    plain = ("chroot", root, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
             "sh", "-ec")
    try:
        run(*plain, f"dpkg --force-depends -i {' '.join(packages)}")
        assert "hrnetseg" in run(*plain, "gst-inspect-1.0 hrnetseg")
        run(*plain, "cd /tmp; gst-launch-1.0 -q videotestsrc num-buffers=1 ! videoconvert ! hrnetseg ! "
            "videoconvert ! jpegenc ! filesink location=photo.jpg; hrnet-inspect people; "
            "hrnet-segment --overlay=painted.png photo.jpg; test -s painted.png; hrnet-rtsp --help; "
            "pkg-config --exists hrnet-1.0; test -e /usr/lib/systemd/system/hrnetseg@.service")
        if "girepository" in run(*plain, "dpkg -L gir1.2-hrnet-1.0") and os.path.exists("/usr/bin/python3"):
            got = run(*plain, "/usr/bin/python3 -c \"import gi; gi.require_version('Hrnet', '1.0')\n"
                      "from gi.repository import Hrnet; "
                      "print(Hrnet.Model.load('street', None).get_classes())\"")
            assert "road" in got, got
    finally:
        subprocess.run(["umount", "--recursive", "memory"], check=False)


try:
    tap.main()
finally:
    shutil.rmtree(BUILT, ignore_errors=True)
