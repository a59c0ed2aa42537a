"""Text in pictures by Tesseract (extra ``ocr``): in this process, without a file or a network.

tesserocr brings the program, Debian's package ``tesseract-ocr-eng`` (or that
of another language) the model. Pillow decodes (the libraries inside
tesserocr's wheel are old), and only grey pixels are handed over.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlp_gateway.documents.items import Unreadable

if TYPE_CHECKING:
    from PIL import Image

_MODELS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
)
_FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "ICO", "PPM")
_SMALL, _LARGE = 1600, 4000  # longer sides in pixels below which a picture is enlarged, above which it is reduced
_MAX_FRAMES, _MAX_MOVING = 50, 1000
_ANIMATIONS = ("GIF", "PNG", "WEBP")
_STANDS = 500  # milliseconds for which a frame stands that is meant to be read
_LIGHT, _LIGHT_SHARE = 180, 5  # grey from which letters are not seen on white; so many of a thousand pixels can be some
_MAX_PIXELS = 100_000_000
_SURE, _LEGIBLE = 70, 45  # mean confidence from which no turned look is taken; below which many words are no reading
_FEW_WORDS, _MANY_WORDS = 3, 15
_BLANK_LINES = re.compile(r"\n\s*\n")
_AUTO_LAYOUT = 3  # page segmentation mode of Tesseract: find columns and blocks, no orientation


def models(languages: Sequence[str] = ("eng",), folder: str | None = None) -> Path | None:
    """Return the folder that holds the models of all ``languages``, or None."""
    folders = [folder] if folder else [os.environ.get("TESSDATA_PREFIX", ""), *_MODELS]
    for path in (Path(f) for f in folders if f):
        if all((path / f"{language}.traineddata").is_file() for language in languages):
            return path
    return None


def available(languages: Sequence[str] = ("eng",), folder: str | None = None) -> bool:
    """Whether pictures can be read: the extra is installed and the models are there."""
    from importlib.util import find_spec

    return find_spec("tesserocr") is not None and models(languages, folder) is not None


class PictureReader:
    """Reads text in picture files; make one per process and before it is confined, for it loads its models.

    Raises RuntimeError, naming the package to install, when something is missing.
    """

    def __init__(self, languages: Sequence[str] = ("eng",), folder: str | None = None) -> None:
        path = models(languages, folder)
        if path is None:
            wanted = " ".join(f"tesseract-ocr-{language}" for language in languages)
            raise RuntimeError(f"no OCR models for {', '.join(languages)}: install the Debian packages {wanted}")
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        try:
            tesserocr: Any = import_module("tesserocr")
        except ImportError as error:
            raise RuntimeError("OCR needs the extra: pip install dlp-gateway[ocr]") from error
        self._api: Any = tesserocr.PyTessBaseAPI(path=str(path), lang="+".join(languages), psm=_AUTO_LAYOUT)

    def __call__(self, content: bytes) -> str:
        """Return the text in all frames of a picture file.

        Raises Unreadable when the picture cannot be decoded, or plainly holds text that cannot be made out.
        """
        return "\n".join(text for frame in _frames(content) if (text := self._frame(frame)))

    def _frame(self, picture: Image.Image) -> str:
        text, confidence = self._look(picture)
        for turn in (180, 90, 270):
            if confidence >= _SURE or len(text.split()) < _FEW_WORDS:
                break
            turned, better = self._look(picture.rotate(turn, expand=True))
            if better > confidence:
                text, confidence = turned, better
        if confidence < _LEGIBLE and len(text.split()) >= _MANY_WORDS:
            raise Unreadable("text in the picture is not legible")
        # Tesseract puts a blank line wherever lines stand apart: that is no end of a paragraph.
        return _BLANK_LINES.sub("\n", text.strip())

    def _look(self, picture: Image.Image) -> tuple[str, int]:
        self._api.SetImageBytes(picture.tobytes(), picture.width, picture.height, 1, picture.width)
        self._api.SetSourceResolution(200)
        try:
            return self._api.GetUTF8Text() or "", self._api.MeanTextConf()
        finally:
            self._api.Clear()


def _frames(content: bytes) -> Iterator[Image.Image]:
    """Every frame as grey pixels on white, of a size that suits the recogniser."""
    from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise Unreadable("picture has too many pixels")
            wanted = _wanted(picture)
            for number, frame in enumerate(ImageSequence.Iterator(picture)):
                if wanted is None or number in wanted:
                    yield from _prepared(ImageOps.exif_transpose(frame))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Unreadable("picture cannot be decoded") from error


def _wanted(picture: Image.Image) -> frozenset[int] | None:
    """The numbers of the frames to read, None for all: of a long animation those that stand, and some of the others.

    What passes in less than half a second is for no reader, and differs little from what comes before and after it.
    Raises Unreadable when there are more pages or standing frames than are read.
    """
    count = int(getattr(picture, "n_frames", 1))
    if count <= _MAX_FRAMES:
        return None
    if picture.format not in _ANIMATIONS or count > _MAX_MOVING:
        raise Unreadable(f"picture has more than {_MAX_FRAMES} frames")
    standing = set[int]()
    for number in range(count):
        picture.seek(number)
        if picture.format == "WEBP":
            picture.load()  # tells only then how long it stands
        if picture.info.get("duration", 0) >= _STANDS:
            standing.add(number)
    picture.seek(0)
    standing |= {0, count - 1}
    if len(standing) > _MAX_FRAMES:
        raise Unreadable(f"picture has more than {_MAX_FRAMES} frames")
    left = _MAX_FRAMES - len(standing)
    return frozenset(standing | {count * number // left for number in range(left)})


def _prepared(picture: Image.Image) -> Iterator[Image.Image]:
    """The picture in grey on white, and on black as well when light parts of it are seen on a dark page only."""
    from PIL import Image

    if picture.mode in ("P", "PA", "LA", "La", "RGBA", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        for paper in ("white", "black") if _has_light_parts(picture) else ("white",):
            ground = Image.new("RGBA", picture.size, paper)
            ground.alpha_composite(picture)
            yield _sized(ground.convert("L"))
    else:
        yield _sized(picture.convert("L"))


def _has_light_parts(picture: Image.Image) -> bool:
    """Whether a picture is partly transparent, and some of what is not is light."""
    from PIL import Image

    alpha = picture.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return False
    shown = Image.new("L", picture.size, 0)
    shown.paste(picture.convert("L").point(lambda grey: 255 * (grey > _LIGHT)), mask=alpha)
    return sum(shown.histogram()[128:]) * 1000 >= _LIGHT_SHARE * picture.width * picture.height


def _sized(grey: Image.Image) -> Image.Image:
    """Enlarge or reduce to what suits the recogniser."""
    from PIL import Image

    longer = max(grey.size)
    factor = 2.0 if longer < _SMALL else _LARGE / longer if longer > _LARGE else 1.0
    if factor == 1.0:
        return grey
    size = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
    return grey.resize(size, Image.Resampling.LANCZOS)
