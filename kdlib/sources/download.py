"""Downloads over http(s) that resume where the connection broke, in this run or an earlier one."""

from __future__ import annotations

import os
import time
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from kdlib.files import DataError, sha256

_CHUNK = 1 << 18
_MAX_BYTES = 8 << 30
_SECONDS_BETWEEN_REPORTS = 5.0
_RANGE_NOT_SATISFIABLE = 416
# A timeout, too many requests, or trouble of the server: these pass.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def download(
    url: str, file: Path, pin: str, *, attempts: int = 5, timeout: float = 60.0, pause: float = 1.0
) -> None:
    """Download a URL to ``file``; after a broken connection the part is kept, and the next call resumes it.

    Args:
        url: An http or https address.
        file: File to write; it may hold a part of the download. Its digest is not checked here.
        pin: sha256 of the whole file; if joined parts do not have it, the download starts again.
        attempts: Largest number of connections for one pass over the file.
        timeout: Seconds without data after which a connection counts as broken.
        pause: Seconds between the first attempts, doubled each time.

    Raises:
        DataError: If the server refuses, or all attempts broke off.
    """
    if file.exists() and sha256(file) == pin:
        return
    pieced = _receive(url, file, pin, attempts, timeout, pause)
    if pieced and sha256(file) != pin:
        print(f"{url}: the pieces do not fit together; from the start again", flush=True)
        file.unlink()
        _receive(url, file, pin, attempts, timeout, pause)


def _receive(url: str, file: Path, pin: str, attempts: int, timeout: float, pause: float) -> bool:
    """Complete a file; return whether its last part was appended to an earlier one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, attempts + 1):
        try:
            return _connect(url, file, timeout)
        except HTTPError as error:
            with error:
                reason = f"the server answers {error.code} {error.reason}"
            if error.code == _RANGE_NOT_SATISFIABLE:
                # Nothing follows where only the end of the answer was lost.
                if file.exists() and sha256(file) == pin:
                    return False
                file.unlink(missing_ok=True)
            elif error.code not in _PASSING:
                raise DataError(f"{url}: {reason}; check the address") from None
        except (InvalidURL, ValueError) as error:
            raise DataError(f"{url}: no address to ask ({error})") from None
        except (OSError, HTTPException) as error:
            reason = str(error) or type(error).__name__
        print(f"{url}: attempt {attempt} of {attempts}: {reason}; {_size(file)} bytes so far", flush=True)
        if attempt < attempts:
            time.sleep(pause * 2 ** (attempt - 1))
    raise DataError(f"{url}: {reason}, {attempts} times; {_size(file)} bytes are kept, run again to go on")


def _connect(url: str, file: Path, timeout: float) -> bool:
    """Receive one response into a file; return whether it was appended to what was there."""
    have = _size(file)
    headers = {"User-Agent": "kdlib"} | ({"Range": f"bytes={have}-"} if have else {})
    with urlopen(Request(url, headers=headers), timeout=timeout) as answer:
        follows = answer.status == 206
        if follows and not (answer.headers["Content-Range"] or "").startswith(f"bytes {have}-"):
            file.unlink(missing_ok=True)
            raise ConnectionError("the server answers another range than the one asked for")
        with file.open("ab" if follows else "wb") as out:
            _copy(url, answer, out)
    return follows


def _copy(url: str, answer: HTTPResponse, out: BinaryIO) -> None:
    """Append the body of an answer, with a line of progress now and then."""
    start = out.seek(0, os.SEEK_END)
    length = answer.headers["Content-Length"]
    end = start + int(length) if length else _MAX_BYTES + 1
    total = f" of {end}" if length else ""
    reported = time.monotonic()
    # read1 gives what has come; read waits for all of it, and loses it if the connection breaks.
    while out.tell() < end and (chunk := answer.read1(_CHUNK)):
        out.write(chunk)
        out.flush()
        if out.tell() > _MAX_BYTES:
            raise DataError(f"{url}: more than {_MAX_BYTES} bytes, which is no archive of source code")
        if time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
            reported = time.monotonic()
            print(f"{url}: {out.tell()}{total} bytes", flush=True)
    # http.client takes a closed connection for the end.
    if length and out.tell() < end:
        raise ConnectionError(f"broke off after {out.tell()}{total} bytes")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
