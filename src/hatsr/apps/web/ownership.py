"""Whose files are whose: nobody reads what another browser has uploaded or had made."""

from pathlib import Path

from hatsr.apps.web.jobs import Jobs


class Ownership:
    """Knows the owner of every file that a browser may ask for.

    Args:
        jobs: whose folders hold the results.
        uploads: folder of what was uploaded.
        everyones: files that are nobody's, such as the example picture.
    """

    def __init__(self, jobs: Jobs, uploads: Path, everyones: tuple[Path, ...] = ()) -> None:
        self.jobs, self.uploads, self.everyones = jobs, uploads, everyones
        self._uploaded: dict[Path, set[str]] = {}

    def may_read(self, owner: str, path: str) -> bool:
        """Whether a file is there and this owner's."""
        try:
            file = Path(path).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            return False
        if file in self.everyones:
            return True
        if file.is_relative_to(self.jobs.root):
            job = self.jobs.find(file.relative_to(self.jobs.root).parts[0])
            return job is not None and bool(owner) and job.owner == owner
        return owner in self._uploaded.get(file, ())

    def check(self, owner: str, path: str) -> Path:
        """The file that a page names.

        Raises:
            ValueError: it is not this owner's.
        """
        if not self.may_read(owner, path):
            raise ValueError("picture must be one that you have uploaded; choose it again")
        return Path(path)

    def record(self, owner: str, paths: list[str]) -> None:
        """Note what an owner has uploaded; when the disk's share is full, the oldest go."""
        for path in paths:
            file = Path(path).resolve()
            if file.is_relative_to(self.uploads):
                owners = self._uploaded.pop(file, set())
                self._uploaded[file] = owners | {owner}
        while len(self._uploaded) > 1 and self._bytes() > self.jobs.limits.kept_bytes:
            oldest = next(iter(self._uploaded))
            del self._uploaded[oldest]
            oldest.unlink(missing_ok=True)

    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self._uploaded if path.exists())
