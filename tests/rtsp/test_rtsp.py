#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The RTSP example across machines: two network namespaces with a cable between them.

test_rtsp.py HRNET-RTSP SOURCE-ROOT UNIT

Cameras are test sources that another hrnet-rtsp serves. Where namespaces may not be made those cases
are skipped, as is the unit's where there is no systemd.
"""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

import mounts
import tap

PROGRAM, ROOT, UNIT = map(os.path.abspath, sys.argv[1:4])
WIDTH, HEIGHT = 192, 128
CAMERA = f"video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate=15/1"
GREY = "videotestsrc is-live=true pattern=solid-color foreground-color=0xff808080 ! " + CAMERA
BALL = "videotestsrc is-live=true pattern=ball ! " + CAMERA


# Namespaces of networks are mounts of files in there: own ones, of which none can stay behind.
if mounts.enter():
    os.makedirs("/run/netns", exist_ok=True)
    mounts.mount("-t", "tmpfs", "netns", "/run/netns")


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode == 0


class Hosts:
    """Two network namespaces, 10.99.0.1 and 10.99.0.2, joined by a pair of virtual interfaces."""

    def __init__(self):
        self.names = [f"hrnet-{os.getpid()}-{end}" for end in "ab"]
        self.addresses = ["10.99.0.1", "10.99.0.2"]

    def __enter__(self):
        a, b = self.names
        cables = [f"hr{os.getpid() % 1000000}{end}" for end in "ab"]
        ok = shutil.which("ip") and ip("netns", "add", a) and ip("netns", "add", b) and ip(
            "link", "add", cables[0], "netns", a, "type", "veth", "peer", cables[1], "netns", b)
        for name, cable, address in zip(self.names, cables, self.addresses):
            ok = ok and ip("-n", name, "addr", "add", f"{address}/24", "dev", cable)
            ok = ok and ip("-n", name, "link", "set", cable, "up")
            ok = ok and ip("-n", name, "link", "set", "lo", "up")
        if not ok:
            self.__exit__()
            raise tap.Skip("network namespaces cannot be made here")
        return self

    def __exit__(self, *_):
        for name in self.names:
            ip("netns", "del", name)

    def on(self, host, *command):
        return ["ip", "netns", "exec", self.names[host], *command]


@contextlib.contextmanager
def running(command):
    """A server in the background, from when it says that it listens."""
    with open("server.log", "a", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            line = process.stdout.readline()
            assert line.startswith("rtsp://"), f"{command}: {line}"
            yield line.strip()
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


def receive(prefix, address, n, rest):
    """What a viewer gets of n frames, as bytes."""
    line = (f"rtspsrc location=rtsp://{address}/stream protocols=tcp latency=0 ! {rest} ! "
            f"identity eos-after={n + 1} ! filesink location=received")
    for _ in range(3):  # the machine may be busy
        done = subprocess.run([*prefix, "gst-launch-1.0", "-q", *line.split()], capture_output=True,
                              text=True, timeout=100, check=False)
        if done.returncode == 0:
            break
        time.sleep(1)
    with open("server.log", encoding="utf-8") as log:
        assert done.returncode == 0, done.stderr + log.read()
    with open("received", "rb") as file:
        return file.read()


DECODED = ("application/x-rtp,media=video ! decodebin ! videoconvert ! "
           "video/x-raw,format=I420")


def colourfulness(data):
    """Mean distance of the chroma samples of I420 frames from grey."""
    size, luma = WIDTH * HEIGHT * 3 // 2, WIDTH * HEIGHT
    assert len(data) >= 10 * size and len(data) % size == 0, len(data)
    chroma = b"".join(data[start + luma:start + size] for start in range(0, len(data), size))
    return sum(abs(value - 128) for value in chroma) / len(chroma)


def test_overlay_from_host_to_host():
    # Waiting for masks: a busy computer would be late with them.
    paint = "hrnetseg model=test classes=1,2,3 opacity=1 sync-mode=exact"
    with Hosts() as hosts:
        camera = hosts.on(0, PROGRAM, "--element=identity", GREY)
        segment = hosts.on(1, PROGRAM, f"--element={paint}", "--path=/stream",
                           "rtsp://10.99.0.1:8554/stream")
        with running(camera), running(segment):
            plain = receive(hosts.on(1), "10.99.0.1:8554", 10, DECODED)
            painted = receive(hosts.on(0), "10.99.0.2:8554", 10, DECODED)
    assert colourfulness(plain) < 3, colourfulness(plain)
    assert colourfulness(painted) > 20, colourfulness(painted)


def test_no_namespace_is_seen_outside():
    """Where this program was started from, that is, where nobody would take it away."""
    def seen():
        with open(f"/proc/{os.getppid()}/mounts", encoding="utf-8") as file:
            return [line for line in file if "netns" in line]
    before = seen()
    with Hosts() as hosts:
        assert os.path.exists(f"/run/netns/{hosts.names[0]}")
        assert seen() == before, seen()
    assert seen() == before, seen()


def check_labels(sent, received):
    """Frames in a row of what was sent, and not one bit of another value."""
    size = WIDTH * HEIGHT
    frames = [received[start:start + size] for start in range(0, len(received), size)]
    assert len(frames) >= 15 and len(received) % size == 0, len(received)
    assert len(set(frames)) > 3 and len(set(received)) > 1
    begin = sent.find(received[:size])
    assert begin >= 0 and begin % size == 0
    # The first may stand in `sent` more than once.
    rows = [sent[start:start + len(received)] for start in range(begin, len(sent), size)]
    assert received in rows


def test_labels_arrive_bit_identical():
    with Hosts() as hosts:
        camera = hosts.on(0, PROGRAM, "--element=identity", BALL)
        segment = hosts.on(1, PROGRAM, "--encoder=pngenc ! rtpgstpay",
                           "--element=hrnetseg model=test mode=mask sync-mode=exact ! tee name=t t. ! queue ! "
                           "filesink location=sent buffer-mode=unbuffered t. ! queue",
                           "rtsp://10.99.0.1:8554/stream")
        with running(camera), running(segment):
            received = receive(hosts.on(0), "10.99.0.2:8554", 15,
                               "rtpgstdepay ! pngdec ! video/x-raw,format=GRAY8")
            with open("sent", "rb") as file:
                sent = file.read()
    check_labels(sent, received)


def test_labels_by_tcp_arrive_bit_identical():
    send = (f"{BALL} ! hrnetseg model=test mode=mask sync-mode=exact ! tee name=t t. ! queue ! filesink location=sent "
            "buffer-mode=unbuffered t. ! queue ! rtpgstpay config-interval=1 ! rtpstreampay ! "
            "tcpserversink host=10.99.0.1 port=5004")
    take = ("tcpclientsrc host=10.99.0.1 port=5004 do-timestamp=true ! application/x-rtp-stream,"
            "media=application,clock-rate=90000,encoding-name=X-GST ! rtpstreamdepay ! rtpgstdepay ! "
            "video/x-raw,format=GRAY8 ! identity eos-after=16 ! filesink location=received")
    with Hosts() as hosts:
        server = subprocess.Popen(hosts.on(0, "gst-launch-1.0", "-q", *send.split()))
        try:
            for _ in range(60):  # until it listens
                done = subprocess.run(hosts.on(1, "gst-launch-1.0", "-q", *take.split()),
                                      capture_output=True, text=True, timeout=100, check=False)
                if done.returncode == 0:
                    break
                time.sleep(0.5)
            assert done.returncode == 0, done.stderr
        finally:
            server.terminate()
            server.wait(30)
    with open("sent", "rb") as sent, open("received", "rb") as received:
        check_labels(sent.read(), received.read())


def readme_lines():
    """The commands of README.md's section, with what stands in for its machines and models."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        section = re.search(r"^## Across machines$(.*?)^## ", file.read(), re.M | re.S).group(1)
    stand_ins = ((r"build/examples/rtsp/hrnet-rtsp\b", PROGRAM), (r"\bserver:", "10.99.0.1:"),
                 (r"\bhost=server\b", "host=10.99.0.1"), (r"\bv4l2src\b", BALL),
                 (r"rtsp://camera/stream", f"'{BALL}'"), (r"hrnetseg ", "hrnetseg model=test "),
                 (r"\bautovideosink\b", "filesink location=received"))
    for line in re.findall(r"^    ((?:build|gst)\S+ .*)$", section, re.MULTILINE):
        for old, new in stand_ins:
            line = re.sub(old, new, line)
        yield shlex.split(line)


def test_lines_of_the_readme():
    lines = list(readme_lines())
    assert len(lines) == 6, lines
    with Hosts() as hosts:
        for near, far in zip(lines[::2], lines[1::2]):
            server = subprocess.Popen(hosts.on(0, *near), stdout=subprocess.DEVNULL)
            try:
                for attempt in range(20):  # until it listens, and is quick enough
                    viewer = subprocess.Popen(hosts.on(1, *far), stdout=subprocess.DEVNULL,
                                              stderr=subprocess.PIPE, text=True)
                    time.sleep(3 + 2 * attempt)
                    viewer.terminate()
                    errors = viewer.communicate(timeout=30)[1]
                    if os.path.exists("received") and os.path.getsize("received") > 100000:
                        break
                else:
                    raise AssertionError(f"{far}: {errors}")
                os.remove("received")
            finally:
                server.terminate()
                server.wait(30)


def test_mistakes_are_told():
    for arguments, status, word in (([], 2, "SOURCE"), (["--nonsense", "a"], 2, "nonsense"),
                                    (["--element=no-such-element", GREY], 1, "no-such-element"),
                                    (["--port=rtsp", GREY], 2, "--port"), (["--port=65536", GREY], 2, "--port"),
                                    (["--port=80x", GREY], 2, "--port"), (["--path=stream", GREY], 2, "--path"),
                                    (["--path=/a b", GREY], 2, "--path"),
                                    (["--element=hrnetseg model=absent", GREY], 1, "absent"),
                                    (["--element=hrnetseg model=test classes=dog", GREY], 1, "dog")):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=30,
                              check=False)
        assert done.returncode == status and word in done.stderr, done
        assert len(done.stderr.splitlines()) == 1, done.stderr


def test_what_fails_later_is_told():
    command = [PROGRAM, "--address=127.0.0.1", "--port=0", "--element=hrnetseg model=test",
               "filesrc location=absent ! decodebin"]
    with running(command) as url:
        done = subprocess.run(["gst-launch-1.0", "-q", "rtspsrc", f"location={url}", "!",
                               "fakesink"], capture_output=True, text=True, timeout=100,
                              check=False)
    assert done.returncode != 0 and "ERROR" in done.stderr, done
    with open("server.log", encoding="utf-8") as log:
        assert "filesrc" in log.read()


def verify(unit):
    return subprocess.run(["systemd-analyze", "verify", "--recursive-errors=one", "--man=no", unit],
                          capture_output=True, text=True, timeout=60, check=False)


def test_unit_is_one_that_systemd_takes():
    if not shutil.which("systemd-analyze"):
        raise tap.Skip("no systemd")
    name = os.path.basename(UNIT)
    with open(UNIT, encoding="utf-8") as file:
        text = file.read()
    with open(name, "w", encoding="utf-8") as file:
        file.write(re.sub(r'^ExecStart="\S+"', f'ExecStart="{PROGRAM}"', text, flags=re.MULTILINE))
    done = verify(name)
    assert done.returncode == 0 and not done.stderr, done.stderr
    # That it would tell, were something wrong.
    with open(name, "w", encoding="utf-8") as file:
        file.write(text.replace("Restart=", "Restrat="))
    assert "Restrat" in verify(name).stderr


def test_unit_s_command_is_one_that_the_program_takes():
    with open(UNIT, encoding="utf-8") as file:
        text = file.read()
    values = dict(re.findall(r"^#     ([A-Z]+)=(.*)$", text, re.MULTILINE))
    values["ELEMENT"] += " model=test"
    words = re.search(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE).group(1).split()
    # As systemd does it: a word's variables are replaced, and it stays one word.
    words = [re.sub(r"\$\{(\w+)\}", lambda match: values[match.group(1)], word) for word in words]
    with running([PROGRAM, *words]) as url:
        assert url.endswith(f":{values['PORT']}/stream"), url


tap.main()
