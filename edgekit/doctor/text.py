"""The examination for a person."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.doctor.examination import CheckResult, Examination
from edgekit.doctor.packages import Extra, Package


@dataclass(frozen=True)
class Marks:
    """The signs at the start of a line: it works, it does not, it is not there."""

    ok: str
    failed: str
    missing: str

    def fits(self, encoding: str | None) -> bool:
        """Whether a terminal's encoding has them."""
        try:
            (self.ok + self.failed + self.missing).encode(encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True


SIGNS = Marks("✓", "✗", "–")
WORDS = Marks("ok", "!!", "--")


def examination_text(found: Examination, marks: Marks = SIGNS) -> str:
    """One block for the base and one for each extra, then what to do."""
    width = max(len(check.title) for check in found.checks) if found.checks else 0
    blocks = [
        [f"EdgeKit {found.version} in {found.folder}", f"run by {found.executable}", found.device.summary()],
        ["Always there:", *_package_lines(found.base, marks), *_check_lines(found, None, width, marks)],
        *([_extra_heading(extra), *_extra_lines(found, extra, width, marks)] for extra in found.extras),
        _closing(found),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks)


def _extra_heading(extra: Extra) -> str:
    return f"{extra.name}: {extra.brings}"


def _extra_lines(found: Examination, extra: Extra, width: int, marks: Marks) -> list[str]:
    lines = _package_lines([package for package in extra.packages if package.version], marks)
    if not extra.installed:
        missing = ", ".join(package.name for package in extra.packages if not package.version)
        lines.append(f"  {marks.missing} {f'without {missing}' if missing else 'too old'}. To get it: {extra.install}")
    return lines + _check_lines(found, extra.name, width, marks)


def _package_lines(packages: list[Package] | tuple[Package, ...], marks: Marks) -> list[str]:
    """All sound packages in one line, and a line for each other."""
    sound = ", ".join(f"{package.name} {package.version}" for package in packages if package.ok)
    lines = [f"  {marks.ok} {sound}"] if sound else []
    for package in packages:
        if package.version is None:
            lines.append(f"  {marks.failed} {package.name} is not installed ({package.name}{package.wanted})")
        elif package.too_old:
            lines.append(f"  {marks.failed} {package.name} {package.version} is too old ({package.wanted} is needed)")
    return lines


def _check_lines(found: Examination, extra: str | None, width: int, marks: Marks) -> list[str]:
    return [
        line
        for check in found.checks
        if check.extra == extra and check.status != "skipped"
        for line in _check_line(check, width, marks)
    ]


def _check_line(check: CheckResult, width: int, marks: Marks) -> list[str]:
    mark = marks.ok if check.status == "ok" else marks.failed
    lines = [f"  {mark} {check.title.ljust(width)}  {check.seconds:5.1f} s  {check.detail}"]
    if check.advice:
        lines.append(f"{' ' * (len(mark) + width + 14)}{check.advice}.")
    return lines


def _closing(found: Examination) -> list[str]:
    if found.passed:
        return ["Everything that is installed works."]
    # One broken package can fail many checks; what to do about it is said once.
    steps = [check.advice or check.detail for check in found.checks if check.status == "failed"]
    if found.outdated:
        names = " ".join(f"'{package.name}{package.wanted}'" for package in found.outdated)
        steps.append(f"Install what EdgeKit asks for: pip install {names}")
    return ["Not everything works. What to do:", *(f"  {step}." for step in dict.fromkeys(steps))]
