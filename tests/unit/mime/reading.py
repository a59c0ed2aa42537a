"""What the tests of the mail reader ask of a reading."""

import signal
from contextlib import contextmanager

from dlp_gateway import mime
from dlp_gateway.model import Role

CARD = "4111 1111 1111 1111"
SECRET = b"card 4111 1111 1111 1111"
HEADER = b"From: alice@westendonsixth.com\r\nTo: bob@example.net\r\nSubject: hello\r\nMIME-Version: 1.0\r\n"


class Hangs(BaseException):
    """Raised by the alarm clock; no Exception, so that the reader cannot take it for a failure of its own."""


@contextmanager
def alarm(seconds=30):
    """Stop what runs for ever. Generous: it tells linear from quadratic, not fast from slow."""

    def ring(signum, frame):
        raise Hangs

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read(raw, **limits):
    return mime.read(raw, mime.ReadingBudget(**limits))


def everything(reading):
    """All texts and the contents of all parts, one after the other."""
    texts = [text.text for text in reading.texts]
    return "\n".join([*texts, *(part.content.decode("latin-1") for part in reading.parts)])


def of_role(reading, role):
    return [text.text for text in reading.texts if text.role is role]


def subjects(raw):
    return of_role(mime.read_subject(raw, mime.ReadingBudget()), Role.SUBJECT)


def at(reading, where):
    return [text.text for text in reading.texts if text.where == where]


def places(reading):
    return [text.where for text in reading.texts]


def why(items):
    return [item.why for item in items]


def message(body, *fields):
    """A message with the given extra header fields (without line ends)."""
    return HEADER + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def multipart(*parts, subtype=b"mixed", boundary=b"=_x", preamble=b"", epilogue=b""):
    """A multipart message of parts that are given with their header."""
    pieces = [b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts]
    body = b"".join([preamble, *pieces, b"--" + boundary + b"--\r\n", epilogue])
    return message(body, b"Content-Type: multipart/" + subtype + b'; boundary="' + boundary + b'"')
