"""File systems on loop devices, a coordinator and the agent under test."""

import contextlib
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from fake_coordinator import Authority, Coordinator

FIFREEZE, FITHAW = 0xC0045877, 0xC0045878
# Appends numbered lines, each synced, and counts them in shared memory.
WRITER = """
import mmap, os, sys
page = mmap.mmap(os.open(sys.argv[2], os.O_RDWR), 8)
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_APPEND)
n = 0
while True:
    n += 1
    os.write(file, b"%09d\\n" % n)
    os.fdatasync(file)
    page[0:8] = n.to_bytes(8, "little")
    if n % 20000 == 0:
        os.ftruncate(file, 0)
"""


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, timeout=120, text=True, **options).stdout


class FileSystem:
    """A mounted loop device with a writer on it."""

    def __init__(self, bench, kind):
        self.kind = kind
        self.image = os.path.join(bench.folder, kind + ".img")
        self.point = os.path.join(bench.folder, "mnt-" + kind)
        self.counter = os.path.join(bench.memory, kind + ".count")
        self.writer = self.device = self.handle = None
        with open(self.image, "wb") as image:
            image.truncate(320 << 20)
        with open(self.counter, "wb") as counter:
            counter.write(bytes(8))
        run("mkfs." + kind, "-q", self.image)
        os.mkdir(self.point)
        self.device = run("losetup", "-f", "--show", self.image).strip()
        run("mount", self.device, self.point)
        self.handle = os.open(self.point, os.O_RDONLY)

    def start(self):
        self.writer = subprocess.Popen([sys.executable, "-c", WRITER, os.path.join(self.point, "log"), self.counter])

    def count(self):
        with open(self.counter, "rb") as counter:
            return struct.unpack("<Q", counter.read(8))[0]

    def thaw(self):
        """True if it was frozen."""
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.handle, FITHAW, 0)
            return True
        return False

    def frozen(self):
        """No write came through for 0.4 s."""
        before = self.count()
        time.sleep(0.4)
        return self.count() == before

    def wait_thawed(self, limit):
        """Seconds until a write comes through; fails after `limit`."""
        began, before = time.monotonic(), self.count()
        while self.count() == before:
            taken = time.monotonic() - began
            assert taken < limit, f"{self.point} is still frozen after {taken:.1f} s"
            time.sleep(0.005)
        return time.monotonic() - began

    def close(self):
        if self.handle is not None:
            self.thaw()
            os.close(self.handle)
        if self.writer is not None:
            self.writer.kill()
            self.writer.wait(30)
        if self.device is not None:
            for _ in range(20):
                if subprocess.run(["umount", self.point], timeout=60, check=False).returncode == 0:
                    break
                time.sleep(0.2)
            subprocess.run(["losetup", "-d", self.device], timeout=60, check=False)


class Bench:
    """File systems, coordinator and agent of one test run."""

    def __init__(self, agent):
        self.agent_path = os.path.abspath(agent)
        self.folder = tempfile.mkdtemp(prefix="dvx-freeze-")
        self.memory = tempfile.mkdtemp(prefix="dvx-freeze-", dir="/dev/shm")
        self.process = None
        self.systems = []
        self.coordinator = None
        self.link = None
        self.stopped = []
        self.log = open(os.path.join(self.folder, "agent.log"), "ab")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def open(self):
        for kind in ("ext4", "xfs"):
            self.systems.append(FileSystem(self, kind))
        os.mkdir(self.path("pki"))
        self.coordinator = Coordinator(Authority(self.path("pki")))
        nonce = self.path("nonce")
        with open(nonce, "w") as file:
            file.write("#!/bin/sh\necho nonce-of-$1\n")
        os.chmod(nonce, 0o755)
        self.configure()
        self.enroll()
        for system in self.systems:
            system.start()
        for system in self.systems:
            system.wait_thawed(20)

    def configure(self, **extra):
        lines = {"linux.stateFolder": self.path("state"), "linux.runFolder": os.path.join(self.memory, "run"),
                 "linux.hookFolder": self.path("etc"), "linux.nonceCommand": self.path("nonce"),
                 "linux.onlyMounts": " ".join(system.point for system in self.systems), **extra}
        with open(self.path("agent.conf"), "w") as file:
            file.writelines(f"{key} = {value}\n" for key, value in lines.items())

    def command(self, *arguments, **options):
        return subprocess.run([self.agent_path, "--config", self.path("agent.conf"), *arguments],
                              capture_output=True, text=True, timeout=60, check=False, **options)

    def enroll(self):
        token = self.coordinator.authority.token()
        process = subprocess.Popen(
            [self.agent_path, "--config", self.path("agent.conf"), "enroll", "--server",
             f"127.0.0.1:{self.coordinator.port}", "--token-file", "-"], stdin=subprocess.PIPE)
        process.stdin.write(token.encode() + b"\n")
        process.stdin.close()
        link = self.coordinator.accept()
        message = link.expect("enroll")
        assert message["token"] == token and message["machine"]["platform"] == "linux", message
        link.send("enrolled", agent=self.coordinator.agent, **self.coordinator.enrolled(message["csr"]))
        assert process.wait(30) == 0
        link.close()
        assert os.stat(self.path("state", "identity")).st_mode & 0o777 == 0o600

    def start(self, **options):
        self.process = subprocess.Popen([self.agent_path, "--config", self.path("agent.conf"), "run"],
                                        stderr=self.log, start_new_session=True)
        self.link = self.coordinator.welcome(**options)
        return self.link

    def stop(self, how=signal.SIGTERM):
        if self.link is not None:
            self.link.close()
            self.link = None
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
                self.process.send_signal(how)
            try:
                self.process.wait(30)
            finally:
                self.process = None

    def watchdog(self):
        """The process id of the agent's watchdog."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for name in os.listdir("/proc"):
                if name.isdigit():
                    with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:
                        stat = file.read()
                        if "(dvx-watchdog)" in stat and int(stat.rsplit(")", 1)[1].split()[1]) == self.process.pid:
                            return int(name)
            time.sleep(0.01)
        raise AssertionError("no watchdog")

    def halt(self, process):
        """Stops a process, to be killed after the test."""
        self.stopped.append(process)
        os.kill(process, signal.SIGSTOP)

    def frozen(self, **options):
        """Brings the agent to hold; the session."""
        session = self.link.prepare(**options)
        prepared = self.link.expect("prepared")
        assert sorted(prepared["volumes"]) == sorted(system.point for system in self.systems), prepared
        self.link.freeze(session)
        self.link.expect("frozen")
        return session

    def all_thawed(self, limit):
        return max(system.wait_thawed(limit) for system in self.systems)

    def settle(self):
        """After each test: no agent, nothing frozen, no record."""
        self.stop(signal.SIGKILL)
        left = [system.point for system in self.systems if self.thaw_late(system)]
        self.command("thaw")
        for process in self.stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.stopped.clear()
        shutil.rmtree(self.path("etc"), ignore_errors=True)
        self.configure()
        assert not left, f"left frozen: {left}"

    @staticmethod
    def thaw_late(system):
        """A watchdog may be at work in this moment: only what is frozen after half a second counts."""
        until = time.monotonic() + 0.5
        before = system.count()
        while system.count() == before:
            if time.monotonic() > until:
                return system.thaw()
            time.sleep(0.01)
        return False

    def close(self):
        for system in self.systems:
            with contextlib.suppress(OSError):
                system.thaw()
        try:
            self.stop(signal.SIGKILL)
        finally:
            for system in self.systems:
                system.close()
            if self.coordinator is not None:
                self.coordinator.close()
            shutil.rmtree(self.memory, ignore_errors=True)
            shutil.rmtree(self.folder, ignore_errors=True)

    def hook(self, phase, name, text):
        folder = self.path("etc", phase + ".d")
        os.makedirs(folder, mode=0o755, exist_ok=True)
        with open(os.path.join(folder, name), "w") as file:
            file.write("#!/bin/sh\n" + text + "\n")
        os.chmod(os.path.join(folder, name), 0o755)
