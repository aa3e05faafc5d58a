#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md says is so: pipelines run, commands work, tables name what there is.

test_readme.py SOURCE-ROOT MODEL TOOL-FOLDER

MODEL stands in for the models that pipelines name.
"""

import os
import re
import shlex
import subprocess
import sys

import launch_lines
import tap

ROOT, MODEL, TOOLS = map(os.path.abspath, sys.argv[1:4])
with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as readme:
    TEXT = readme.read()

def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False,
                          **options)
    assert done.returncode == 0 and "ERROR" not in done.stderr, f"{command}: {done.stderr}"
    return done.stdout


def table(heading):
    """First cells of the table whose head row begins with `heading`."""
    rows = TEXT[TEXT.index(f"| {heading} |"):].split("\n\n")[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def pipelines():
    """But the far ends of streams, which are tested with the near ones in tests/rtsp, and those."""
    lines = re.findall(r"^    (gst-launch-1\.0 .*)$", TEXT, re.MULTILINE)
    return [line for line in lines if "tcp" not in line and "rtpgstdepay" not in line and "server:" not in line]


def check_pipelines(live):
    launch_lines.models(MODEL, "people", "street")
    assert len(pipelines()) >= 12
    wrong = []
    for line in pipelines():
        try:
            launch_lines.check(line, live)
        except AssertionError as error:
            wrong.append(f"{line}\n{error}")
    assert not wrong, "\n\n".join(wrong)


def test_pipelines_do_what_they_say():
    check_pipelines(False)


def test_live_pipelines_do_what_they_say():
    check_pipelines(True)


def test_properties_are_the_element_s():
    page = run("gst-inspect-1.0", "hrnetseg")
    element = set(re.findall(r"^  ([a-z-]+) +: ", page.split("Element Properties:")[1],
                             re.MULTILINE)) - {"name", "parent", "qos"}
    listed = table("property")
    assert set(listed) == element, set(listed) ^ element
    assert len(listed) == len(element), sorted(listed)


def test_build_options_are_meson_s():
    with open(os.path.join(ROOT, "meson_options.txt"), encoding="utf-8") as file:
        options = set(re.findall(r"^option\('(\w+)'", file.read(), re.MULTILINE))
    assert set(table("option")) == options, set(table("option")) ^ options


def test_packages_are_those_that_are_installed():
    with open(os.path.join(ROOT, "examples", "install"), encoding="utf-8") as file:
        command = re.search(r'\.ci/install-missing" \\\n(.*?[^\\])\n', file.read(), re.DOTALL).group(1)
    line = re.search(r"^    apt install --no-install-recommends (.*)$", TEXT, re.MULTILINE).group(1)
    assert line.split() == command.replace("\\", "").split()


def setup_without(hidden, *options):
    """The summary of `meson setup` where pkg-config knows none of these."""
    os.mkdir("known")
    folders = run("pkg-config", "--variable=pc_path", "pkg-config").strip()
    for folder in folders.split(":") + os.environ.get("PKG_CONFIG_PATH", "").split(":"):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if not re.match(f"({hidden})", name) and not os.path.lexists(f"known/{name}"):
                os.symlink(os.path.join(folder, name), f"known/{name}")
    with open("native.ini", "w", encoding="utf-8") as file:
        file.write("[binaries]\ncmake = 'no-such-cmake'\n")
    out = run("meson", "setup", "build", ROOT, "--native-file=native.ini", "-Dtests=disabled",
              *options, env={**os.environ, "PKG_CONFIG_LIBDIR": os.path.abspath("known")})
    summary = out[out.index("Where it goes"):out.index("User defined options")]
    return dict(re.findall(r"^    (.+?) *: (.*)$", summary, re.MULTILINE))


def test_setup_tells_what_is_missing():
    told = setup_without("libzip|libprotobuf-c|gdk-pixbuf|libpng|gobject-introspection|"
                         "gstreamer-rtsp-server|gstreamer-analytics", "-Donnx=disabled")
    answers = {name.split(" ")[0]: answer for name, answer in told.items()}
    for option, package in (("pth", "libzip-dev"), ("tools", "libgdk-pixbuf-2.0-dev libpng-dev"),
                            ("examples", "libgstrtspserver-1.0-dev"),
                            ("analytics", "libgstreamer-plugins-bad1.0-dev"),
                            ("introspection", "libgirepository1.0-dev")):
        assert answers[option].startswith("NO, needs ") and package in answers[option], answers
        assert (package in told["on Debian"]) == (option != "analytics"), told
    assert answers["onnx"] == "no, by -Donnx=disabled", answers
    assert told["prefix"] == "/usr/local" and "libonnx" not in told["on Debian"], told
    # The line names packages of the line above, so that one brings what the other lacks.
    assert set(told["on Debian"].split()[3:]) < set(
        re.search(r"^    (apt install .*)$", TEXT, re.MULTILINE).group(1).split())


def test_tools_commands_run():
    if not os.path.isdir(TOOLS) or not os.path.exists(f"{TOOLS}/hrnet-segment"):
        raise tap.Skip("the tools are not built")
    launch_lines.models(MODEL, "people", "street")
    run("gst-launch-1.0", "-q", *"videotestsrc num-buffers=1 ! tee name=t ! queue ! jpegenc ! "
        "filesink location=photo.jpg t. ! queue ! pngenc ! filesink location=road.png".split())
    block = TEXT[TEXT.index("## Tools"):]
    for line in re.findall(r"^    (hrnet-.*)$", block, re.MULTILINE):
        command, *rest = shlex.split(line)
        run(os.path.join(TOOLS, command), *rest)
    assert os.path.exists("painted.png") and os.path.exists("labels.png")


def test_files_it_names_are_there():
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert len(links) >= 5
    for path in links + re.findall(r"`((?:examples|tests|engine|plugin|\.ci)/[\w./-]+)`", TEXT):
        # NAME is a file of the reader's.
        assert "NAME" in path or os.path.exists(os.path.join(ROOT, path)), path


tap.main()
