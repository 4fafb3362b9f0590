"""A coordinator for tests of the agent: it speaks docs/formats/agent-protocol.md and keeps nothing."""

import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import subprocess
import time
import uuid

HEADER = struct.Struct(">4sHHI")


class Closed(Exception):
    """The agent closed the connection."""


class Authority:
    """A CA and a server certificate, made by the openssl command."""

    def __init__(self, folder):
        self.folder = folder
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                      "-days", "2", "-subj", "/CN=test CA", "-addext", "basicConstraints=critical,CA:TRUE")
        self.leaf("server", "serverAuth")
        self.ca_der = ssl.PEM_cert_to_DER_cert(self.read("ca.pem"))
        self.pin = hashlib.sha256(self.ca_der).hexdigest()
        with open(self.path("chain.pem"), "w") as out:
            out.write(self.read("server.pem") + self.read("ca.pem"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def _openssl(self, *arguments):
        subprocess.run(("openssl",) + arguments, cwd=self.folder, check=True, capture_output=True, timeout=120)

    def leaf(self, name, usage):
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
                      "-subj", "/CN=" + name)
        self.sign(name, usage)

    def sign(self, name, usage):
        with open(self.path("usage.cnf"), "w") as out:
            out.write("extendedKeyUsage=" + usage + "\n")
        self._openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-out", name + ".pem", "-days", "1", "-extfile", "usage.cnf")

    def certify(self, csr_der):
        """The certificate (DER) for an agent's request."""
        with open(self.path("agent.der"), "wb") as out:
            out.write(csr_der)
        self._openssl("req", "-inform", "DER", "-in", "agent.der", "-out", "agent.csr", "-verify")
        self.sign("agent", "clientAuth")
        return ssl.PEM_cert_to_DER_cert(self.read("agent.pem"))

    def token(self):
        secret = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
        return "dvx1." + secret + "." + self.pin


class Coordinator:
    """Listens on a port of the kernel's choice; one agent at a time."""

    def __init__(self, authority, chain="chain.pem", key="server.key"):
        self.authority = authority
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(authority.path(chain), authority.path(key))
        context.load_verify_locations(authority.path("ca.pem"))
        context.verify_mode = ssl.CERT_OPTIONAL
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.agent = str(uuid.uuid4())

    def accept(self, timeout=40, attempts=1000):
        self.listener.settimeout(timeout)
        for _ in range(attempts):
            plain, _ = self.listener.accept()
            plain.settimeout(timeout)
            try:
                return Link(self, self.context.wrap_socket(plain, server_side=True))
            except (ssl.SSLError, OSError):
                plain.close()
        raise OSError("no handshake succeeded")

    def welcome(self, timeout=40, renew=False, heartbeat=300):
        """Accepts an agent and greets it."""
        link = self.accept(timeout)
        link.hello = link.expect("hello")
        link.send("challenge", property="guestinfo.dvx.nonce")
        link.proof = link.expect("proof")
        link.send("welcome", heartbeatSeconds=heartbeat, agent=self.agent, renew=renew)
        return link

    def enrolled(self, csr):
        certificate = self.authority.certify(base64.b64decode(csr))
        return {"certificate": base64.b64encode(certificate).decode(),
                "ca": base64.b64encode(self.authority.ca_der).decode(), "expiresInSeconds": 86400}

    def close(self):
        self.listener.close()


class Link:
    """One connection."""

    def __init__(self, coordinator, sock):
        self.coordinator = coordinator
        self.sock = sock
        self.sent = 0
        self.received = 0

    def raw(self, data):
        self.sock.sendall(data)

    def send(self, kind, **keys):
        self.sent += 1
        body = json.dumps({"type": kind, "seq": self.sent, **keys}).encode()
        self.raw(HEADER.pack(b"DVXA", 1, 0, len(body)) + body)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                part = self.sock.recv(count - len(data))
            except (ssl.SSLError, ConnectionError) as error:
                raise Closed(str(error)) from error
            if not part:
                raise Closed("end")
            data += part
        return data

    def receive(self, timeout=30):
        self.sock.settimeout(timeout)
        magic, version, reserved, length = HEADER.unpack(self._exactly(HEADER.size))
        assert (magic, version, reserved) == (b"DVXA", 1, 0), "no frame"
        assert 2 <= length <= 262144, length
        body = json.loads(self._exactly(length))
        self.received += 1
        assert body["seq"] == self.received, body
        return body

    def expect(self, kind, timeout=30):
        """The next message that is no heartbeat, and no idle that nobody waits for; it must be of this type."""
        until = time.monotonic() + timeout
        while True:
            body = self.receive(max(0.1, until - time.monotonic()))
            if body["type"] == "heartbeat":
                self.send("heartbeat", ping=body["ping"])
                continue
            if body["type"] == "idle" != kind:
                continue
            assert body["type"] == kind, body
            return body

    def prepare(self, consistency="FILE_SYSTEM", hold=8000, hooks=False, limit=30000, disks=()):
        session = str(uuid.uuid4())
        self.send("prepare", session=session, limit=limit, consistency=consistency, backup="COPY",
                  disks=list(disks), holdLimit=hold, hooks=hooks)
        return session

    def freeze(self, session, limit=20000):
        self.send("freeze", session=session, limit=limit)

    def close(self):
        self.sock.close()
