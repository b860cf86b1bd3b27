"""What a test set turns out to hold: pictures that are known, altered, extra, missing or broken."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hatsr.evaluation.benchmark_pairs import BenchmarkPair, HRPicture, PairRule, digest, read_codes
from hatsr.evaluation.sets.folders import PictureSet
from hatsr.evaluation.sets.known import KnownPicture
from hatsr.image import PictureError

_OTHER = "other edition"


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyEntry:
    """A picture of a set that can be used."""

    name: str
    path: Path
    altered: str = ""
    """How it differs from the known copy, where one is known."""


class Survey:
    """A set whose pictures are read one by one and recognised by their pixels.

    A known set of which not one picture is recognised counts as another edition: all are taken.
    """

    def __init__(self, pictures: PictureSet) -> None:
        self.pictures = pictures
        self.unreadable = dict.fromkeys(pictures.unreadable, "its kind cannot be read here")
        """Why a picture cannot be read, by file name."""
        self.failures: dict[str, str] = {}
        """Why a picture of the set gave no pair, by name."""
        self._recognised: dict[str, SurveyEntry] = {}
        self._strangers: dict[str, SurveyEntry] = {}
        self._copies: list[str] = []
        self._named = {each.name: each for each in pictures.known.values()}

    @property
    def name(self) -> str:
        """Name of the set."""
        return self.pictures.name

    @property
    def entries(self) -> tuple[SurveyEntry, ...]:
        """The pictures of the set that were read so far, by name."""
        found = self._recognised or self._strangers
        return tuple(found[name] for name in sorted(found))

    @property
    def extra(self) -> list[str]:
        """Files that do not belong to the set."""
        strangers = self._strangers.values() if self._recognised else ()
        return [*(entry.path.name for entry in strangers), *self._copies]

    @property
    def missing(self) -> list[str]:
        """Known pictures that are not there."""
        unread = {Path(file).stem for file in self.unreadable}
        return sorted(self._named.keys() - {entry.name for entry in self.entries} - unread)

    def pairs(self, rule: PairRule) -> Iterator[tuple[str, BenchmarkPair | None]]:
        """Read every file once; a file of a known name comes before a copy of its pixels.

        Yields:
            What the picture is called, and its pair: None where there is none, as `failures`,
            `unreadable` or `extra` say.
        """
        for path in sorted(self.pictures.files, key=lambda path: path.stem not in self._named):
            picture = self._read(path)
            entry = self._recognise(picture) if picture else None
            if picture and entry:
                yield entry.name, self._pair(rule, picture, entry.name)
            else:
                yield path.name, None

    def _read(self, path: Path) -> HRPicture | None:
        try:
            codes, gray = read_codes(path)
        except (OSError, PictureError) as error:
            self.unreadable[path.name] = str(error).removeprefix(f"{path}: ")
            return None
        return HRPicture(path=path, codes=codes, gray=gray)

    def _pair(self, rule: PairRule, picture: HRPicture, name: str) -> BenchmarkPair | None:
        try:
            return rule.pair(picture, name)
        except Exception as error:  # whatever a codec may raise on the LR
            self.failures[name] = f"{type(error).__name__}: {error}"
            return None

    def _recognise(self, picture: HRPicture) -> SurveyEntry | None:
        """The picture in a file; None when it is not of the set."""
        path, stem = picture.path, picture.path.stem
        known = self.pictures.known.get(digest(picture.codes)) if self._named else None
        if known is not None or not self._named:
            entry = SurveyEntry(name=known.name if known else stem, path=path)
            return self._add(entry, self._recognised)
        if stem in self._named:
            altered = _difference(picture, self._named[stem])
            return self._add(SurveyEntry(name=stem, path=path, altered=altered), self._recognised)
        stranger = self._add(SurveyEntry(name=stem, path=path, altered=_OTHER), self._strangers)
        return None if self._recognised else stranger

    def _add(self, entry: SurveyEntry, entries: dict[str, SurveyEntry]) -> SurveyEntry | None:
        """Put it among the entries, unless it is a copy of one."""
        if entry.name in entries:
            self._copies.append(entry.path.name)
            return None
        entries[entry.name] = entry
        return entry

    @property
    def complete(self) -> bool:
        """Every picture is there and readable, so that the mean is comparable."""
        return not self.unreadable and self.pictures.expected in (None, len(self.entries))

    def status(self) -> str:
        """How many pictures there are, and whether their checksums match."""
        known = bool(self._recognised) and bool(self._named)
        unaltered = known and not any(entry.altered for entry in self.entries)
        expected = self.pictures.expected
        belong = "" if expected is None else f" of {expected}"
        matched = ", checksums match" if unaltered else ""
        return f"{self.name}: {len(self.entries)}{belong} pictures{matched}"

    def remarks(self) -> list[str]:
        """What a reader of the mean must know, one sentence each."""
        entries, expected = self.entries, self.pictures.expected
        said = [f"{name} cannot be read: {why}" for name, why in self.unreadable.items()]
        altered = [f"{entry.name} ({entry.altered})" for entry in entries if entry.altered]
        for words, names in (
            ("missing", self.missing),
            ("not HR, left out", self.pictures.low),
            ("not of the set, left out", self.extra),
            ("other copies than ours", altered),
        ):
            if names:
                said.append(f"{words}: {_some(names)}")
        if expected is not None and len(entries) > expected:
            said.append(f"{len(entries)} pictures found where {expected} belong")
        if not self.complete:
            total = expected or len(entries) + len(self.unreadable)
            said.append(f"only {len(entries)} of {total}: not comparable with published means")
        return [f"{self.name}: {sentence}" for sentence in said]


def _difference(picture: HRPicture, known: KnownPicture) -> str:
    height, width = picture.codes.shape[:2]
    if (height, width) == (known.height, known.width):
        return "other pixels"
    return f"{height} x {width}, not {known.height} x {known.width}"


def _some(names: tuple[str, ...] | list[str], most: int = 6) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
