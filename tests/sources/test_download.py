"""Downloads from a real server on this machine that breaks, refuses and lies."""

from __future__ import annotations

import hashlib
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kdlib.files import DataError
from kdlib.sources import download as module
from kdlib.sources.download import download

CONTENT = bytes(range(256)) * 40
PIN = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serve the server's content, or what the next of its answers says."""

    def do_GET(self):
        server = self.server
        asked = self.headers["Range"]
        server.asked.append(asked)
        kind, value = server.answers.pop(0) if server.answers else ("whole", None)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and kind != "no ranges" else 0
        if kind == "status" or start >= len(server.content):
            self.send_error(value if kind == "status" else 416)
            return
        self.send_response(206 if start else 200)
        if start:
            shown = value if kind == "other range" else start
            self.send_header(
                "Content-Range", f"bytes {shown}-{len(server.content) - 1}/{len(server.content)}"
            )
        body = server.content[start:]
        if kind == "cut chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(f"{len(body):x}\r\n".encode() + body[:value])
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:value] if kind in {"cut", "hang"} else body)
        if kind == "hang":
            self.wfile.flush()
            server.stopped.wait(30)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    """A server with its content, the answers still to give and the ranges asked for."""

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.answers, self.asked = content, [], []
        self.stopped = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/lib%201.0.tar.gz"


@contextmanager
def serving(content=CONTENT):
    with pytest.MonkeyPatch.context() as patch, Server(content) as server:
        patch.setenv("no_proxy", "127.0.0.1")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def server():
    with serving() as server:
        yield server


def bring(server, file, **options):
    download(server.url, file, PIN, **{"pause": 0, "timeout": 10, **options})


def test_in_one_go(server, tmp_path):
    bring(server, tmp_path / "new/a")
    assert (tmp_path / "new/a").read_bytes() == CONTENT
    assert server.asked == [None]


@pytest.mark.parametrize("how", ["cut", "cut chunks"])
def test_a_broken_connection_is_gone_on_with(server, tmp_path, how):
    server.answers = [(how, 1000), ("cut", 500)]
    bring(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-", "bytes=1500-"]


def test_a_silent_connection_is_broken(server, tmp_path):
    server.answers = [("hang", 1000)]
    bring(server, tmp_path / "a", timeout=0.3)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-"]


def test_a_later_run_goes_on(server, tmp_path):
    server.answers = [("cut", 1000)]
    with pytest.raises(DataError, match=r"broke off after 1000 of 10240 bytes.*1000 bytes are kept"):
        bring(server, tmp_path / "a", attempts=1)
    assert (tmp_path / "a").read_bytes() == CONTENT[:1000]
    bring(server, tmp_path / "a", attempts=1)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-"]


def test_what_is_complete_is_not_asked_for(server, tmp_path):
    (tmp_path / "a").write_bytes(CONTENT)
    bring(server, tmp_path / "a")
    assert server.asked == []


def test_a_server_without_ranges_starts_again(server, tmp_path):
    server.answers = [("cut", 1000), ("no ranges", None)]
    bring(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-"]


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        (b"x" * 1000, ["bytes=1000-", None]),
        (CONTENT + b"more", ["bytes=10244-", None]),
    ],
    ids=["of another file", "too long"],
)
def test_pieces_that_do_not_fit_are_fetched_anew(server, tmp_path, kept, asked):
    (tmp_path / "a").write_bytes(kept)
    bring(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.asked == asked


def test_another_range_than_asked_for(server, tmp_path):
    (tmp_path / "a").write_bytes(CONTENT[:1000])
    server.answers = [("other range", 7)]
    bring(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-", None]


def test_another_file_comes_whole(server, tmp_path):
    # It is for the caller to refuse, and not a reason to ask twice.
    server.content = b"another"
    bring(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"another"
    assert server.asked == [None]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_final(server, tmp_path, status):
    server.answers = [("status", status)]
    with pytest.raises(DataError, match=f"lib%201.0.tar.gz: the server answers {status} .*check the address"):
        bring(server, tmp_path / "a")
    assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_of_the_server_passes(server, tmp_path, status):
    server.answers = [("status", status)] * 2
    bring(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    server.answers = [("status", status)] * 3
    with pytest.raises(DataError, match=rf"answers {status} .*, 3 times; 0 bytes are kept"):
        bring(server, tmp_path / "b", attempts=3)


def test_pauses_grow(server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    server.answers = [("status", 503)] * 4
    with pytest.raises(DataError):
        bring(server, tmp_path / "a", attempts=4, pause=0.5)
    assert pauses == [0.5, 1, 2]


def test_no_server_and_no_address(server, tmp_path):
    with socket_closed() as port, pytest.raises(DataError, match=r"Connection refused.*2 times"):
        download(f"http://127.0.0.1:{port}/a", tmp_path / "a", PIN, attempts=2, pause=0)
    for url in ("http://127.0.0.1:port/a", "http://127.0.0.1/a b"):
        with pytest.raises(DataError, match="no address to ask"):
            download(url, tmp_path / "a", PIN)


@contextmanager
def socket_closed():
    """Yield a port that nobody listens on."""
    with serving() as other:
        port = other.server_port
    yield port


def test_an_endless_answer_ends(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_BYTES", 5000)
    with pytest.raises(DataError, match="more than 5000 bytes"):
        bring(server, tmp_path / "a")


def test_progress_is_told_line_by_line(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "_SECONDS_BETWEEN_REPORTS", -1)
    server.answers = [("cut", 4096)]
    bring(server, tmp_path / "a")
    lines = [line.removeprefix(f"{server.url}: ") for line in capsys.readouterr().out.splitlines()]
    broken = "attempt 1 of 5: broke off after 4096 of 10240 bytes; 4096 bytes so far"
    assert broken in lines
    lines.remove(broken)
    counts = [int(line.removesuffix(" of 10240 bytes")) for line in lines]
    assert counts == sorted(counts)
    assert {4096, 10240} <= set(counts)


@settings(max_examples=25, deadline=None)
@example(
    cuts=[("cut", 2240), ("cut", 4000), ("cut chunks", 4000)], attempts=3
)  # all but the end of the answer
@given(
    cuts=st.lists(st.tuples(st.sampled_from(["cut", "cut chunks"]), st.integers(0, 4000)), max_size=5),
    attempts=st.integers(1, 3),
)
def test_whatever_breaks_no_byte_comes_twice(tmp_path_factory, cuts, attempts):
    file = tmp_path_factory.mktemp("cuts") / "a"
    with serving() as server:
        server.answers = list(cuts)
        for _ in range(len(cuts) + 1):
            try:
                bring(server, file, attempts=attempts)
            except DataError:
                continue
            break
    assert file.read_bytes() == CONTENT
    starts = [int((asked or "bytes=0-")[6:-1]) for asked in server.asked]
    assert starts == [min(sum(length for _, length in cuts[:n]), len(CONTENT)) for n in range(len(starts))]
