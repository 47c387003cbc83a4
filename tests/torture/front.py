"""A TLS server in front of the sandbox, which passes calls on and does with the replies what no honest server would."""

import base64
import contextlib
import http.client
import select
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path


def openssl(*arguments, text=None):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


class Authority:
    """A CA of our own, in a folder of its own, and certificates of every kind."""

    def __init__(self, folder, trusted_too):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.key, self.certificate = self.folder / "ca_key.pem", self.folder / "ca.pem"
        self.own_signed(self.key, self.certificate, "/CN=torture CA", "basicConstraints=critical,CA:TRUE")
        self.trusted = self.folder / "trusted.pem"
        with open(self.trusted, "wb") as trusted:
            for file in (self.certificate, trusted_too):
                with open(file, "rb") as one:
                    shutil.copyfileobj(one, trusted)

    @staticmethod
    def own_signed(key, certificate, subject, extension, bits=2048):
        openssl("req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", key, "-out", certificate,
                "-subj", subject, "-days", 30, "-addext", extension)

    def self_signed(self):
        key, certificate = self.folder / "self_key.pem", self.folder / "self.pem"
        self.own_signed(key, certificate, "/CN=nobody", "subjectAltName=IP:127.0.0.1")
        return key, certificate

    def issue(self, name, host="IP:127.0.0.1", bits=2048, digest="sha256", days=30):
        key, request, certificate, extensions = (self.folder / f"{name}{end}" for end in
                                                 ("_key.pem", ".csr", ".pem", ".ext"))
        extensions.write_text(f"subjectAltName={host}\n")
        openssl("req", "-new", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", key, "-out", request,
                "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-out", certificate, "-days", days, f"-{digest}", "-extfile", extensions)
        return key, certificate


class Call:
    """One request, as it came, and the sandbox's reply to it."""

    def __init__(self, front, head):
        self.front = front
        lines = head.decode("latin-1").split("\r\n")
        self.target = lines[0].split(" ")[1]
        self.headers = [line.split(": ", 1) for line in lines[1:] if line]

    def of(self, openid):
        return f"/users/{openid}/" in self.target

    def passed_on(self):
        """(status, headers, body) of the sandbox."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        behind = self.front.behind.removeprefix("https://")
        connection = http.client.HTTPSConnection(behind, timeout=60, context=context)
        with contextlib.closing(connection):
            connection.putrequest("GET", self.target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers:
                connection.putheader(name, value)
            connection.endheaders()
            reply = connection.getresponse()
            return reply.status, reply.getheaders(), reply.read()

    def honest(self, more=(), body=None, length=None, without=()):
        """The sandbox's reply as bytes, with headers added, another body or another announced length."""
        status, headers, own = self.passed_on()
        body = own if body is None else body
        if callable(body):
            body = body(own)
        dropped = {"content-length", *without}
        lines = [f"HTTP/1.1 {status} X"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() not in dropped]
        lines += [f"{name}: {value}" for name, value in more]
        if length is not False:
            lines.append(f"Content-Length: {len(body) if length is None else length}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


    def signed(self, change):
        """The sandbox's reply with a changed body, signed as WeChat Pay would."""
        status, headers, body = self.passed_on()
        body = change(body)
        named = {name.lower(): value for name, value in headers}
        text = f"{named['wechatpay-timestamp']}\n{named['wechatpay-nonce']}\n".encode() + body + b"\n"
        signature = openssl("dgst", "-sha256", "-sign", self.front.signing_key, text=text)
        named |= {"wechatpay-signature": base64.b64encode(signature).decode(), "content-length": str(len(body))}
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return head.encode("latin-1") + b"\r\n" + body


class Front:
    """`reply(call, connection)` answers each call: true if the connection may go on. `signing_key` is WeChat Pay's, for
    `Call.signed`. To be closed."""

    def __init__(self, behind, key, certificate, reply=None, version=None, weak=False, signing_key=None):
        self.behind = behind
        self.signing_key = signing_key
        self.reply = reply or honest_reply
        self.calls = 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if weak:
            self.context.set_ciphers("ALL:@SECLEVEL=0")
        if version:
            self.context.minimum_version = self.context.maximum_version = version
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.closing = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def use(self, key, certificate):
        """For the handshakes from now on."""
        self.context.load_cert_chain(certificate, key)

    def accept(self):
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(accepted,), daemon=True).start()

    def serve(self, accepted):
        # A client that refuses or gives up is what is looked for.
        with contextlib.suppress(OSError, ssl.SSLError, http.client.HTTPException), accepted:
            accepted.settimeout(60)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.context.wrap_socket(accepted, server_side=True) as connection:
                while (head := self.read_head(connection)) is not None:
                    self.calls += 1
                    if not self.reply(Call(self, head), connection):
                        return

    @staticmethod
    def read_head(connection):
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65536)
            if not more:
                return None
            head += more
        return head[:head.index(b"\r\n\r\n")]

    def close(self):
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def honest_reply(call, connection):
    connection.sendall(call.honest())
    return True


def gone(connection):
    """Whether the client has closed the connection."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)
