"""Processor time and memory of the mail reader alone, by kind of message.

``python -m benchmarks.reading [--megabytes N]``
"""

from __future__ import annotations

import argparse
import base64
import random
import time
import tracemalloc

from dlp_gateway import mime

_HEADER = (
    b"Received: from [192.168.1.5] (unknown [192.0.2.5]) by mail.example.com (Postfix) with ESMTPSA id 4Z1bQx\r\n"
    b"From: Alice Ng <alice.ng@example.com>\r\nTo: Bob Martin <bob@example.net>, carol@example.org\r\n"
    b"Subject: Quote for the fittings\r\nDate: Tue, 4 Mar 2025 09:00:00 +1000\r\nMessage-ID: <1@example.com>\r\n"
    b"MIME-Version: 1.0\r\nUser-Agent: Mozilla Thunderbird\r\nContent-Language: en-AU\r\n"
)
_LINE = b"Thank you for the drawings, we will have a look at them this week and come back to you.\r\n"
_ROUNDS = 5


def messages(size: int) -> dict[str, bytes]:
    """The messages that are read; ``size`` is that of the large ones in bytes."""
    plain = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    html = b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>"
    octets = base64.encodebytes(random.Random(1).randbytes(size)).replace(b"\n", b"\r\n")
    file = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    mixed = b'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n'
    return {
        "plain, 2 KB": _HEADER + plain + _LINE * 17,
        "HTML, 2 KB": _HEADER + html + _LINE * 17,
        "plain, large": _HEADER + plain + _LINE * (size // len(_LINE)),
        "attachment, large": _HEADER
        + mixed
        + b"--=_b\r\n"
        + plain
        + _LINE
        + b"--=_b\r\n"
        + file
        + octets
        + b"--=_b--\r\n",
        "900 parts": _HEADER
        + mixed
        + b"".join(b"--=_b\r\n" + plain + b"part %d\r\n" % n for n in range(900))
        + b"--=_b--",
    }


def seconds(raw: bytes, *, subject_only: bool) -> float:
    """The best processor time of several readings of ``raw``."""
    read = mime.read_subject if subject_only else mime.read
    budget = mime.ReadingBudget()
    repeat = 300 if len(raw) < 10_000 else 1
    best = float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time()
        for _ in range(repeat):
            read(raw, budget)
        best = min(best, (time.process_time() - started) / repeat)
    return best


def memory(raw: bytes) -> int:
    """The most memory that a reading of ``raw`` takes besides ``raw`` itself, in bytes."""
    tracemalloc.start()
    reading = mime.read(raw, mime.ReadingBudget())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del reading
    return peak


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=25)
    size = parser.parse_args().megabytes << 20
    print("| message | bytes | read, ms | Subject alone, ms | memory beside it, MB |\n|---|---|---|---|---|")
    for name, raw in messages(size).items():
        whole, alone = seconds(raw, subject_only=False) * 1000, seconds(raw, subject_only=True) * 1000
        print(f"| {name} | {len(raw):,} | {whole:.3f} | {alone:.3f} | {memory(raw) / 1e6:.1f} |")


if __name__ == "__main__":
    main()
