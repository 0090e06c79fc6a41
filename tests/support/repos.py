"""Real git repositories for tests, made by git in a temporary folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

_CONFIG = (
    *("-c", "user.name=Test"),
    *("-c", "user.email=test@example.org"),
    *("-c", "commit.gpgsign=false"),
    *("-c", "init.defaultBranch=main"),
)


def git(folder: Path, *arguments: str) -> str:
    """Run git in ``folder``; what it prints."""
    done = subprocess.run(
        ["git", *_CONFIG, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        errors="backslashreplace",
    )
    return done.stdout.strip()


def init(folder: Path) -> Path:
    """An empty repository."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files, making their folders."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def commit(folder: Path, message: str = "change") -> str:
    """Commit all that is in the working tree; the new commit's id."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


SHOP = {
    "shop/cart.py": '''"""The shopping cart."""

TAX = 0.19


class Cart:
    """What a customer is about to buy."""

    def __init__(self) -> None:
        self.items: list[tuple[str, float]] = []

    def add(self, name: str, price: float) -> None:
        """Put an article into the cart."""
        self.items.append((name, price))

    def total(self) -> float:
        """Sum up the prices of all articles, value added tax included."""
        net = sum(price for _, price in self.items)
        return net * (1 + TAX)
''',
    "shop/session.py": '''import hashlib
import hmac


def sign_cookie(value: str, secret: bytes) -> str:
    """Append a signature, so that a changed cookie is noticed."""
    digest = hmac.new(secret, value.encode(), hashlib.sha256).hexdigest()
    return f"{value}.{digest}"


def verify_cookie(signed: str, secret: bytes) -> str | None:
    """Return the value if its signature is right, else nothing."""
    value, _, _ = signed.rpartition(".")
    return value if hmac.compare_digest(sign_cookie(value, secret), signed) else None
''',
    "server/http.go": """package server

import "strings"

// parseHTTPHeader splits a header line into its name and its value.
func parseHTTPHeader(line string) (string, string) {
\tname, value, _ := strings.Cut(line, ":")
\treturn strings.TrimSpace(name), strings.TrimSpace(value)
}

// retryWithBackoff calls f again after a failure, waiting longer each time.
func retryWithBackoff(f func() error, attempts int) error {
\tvar err error
\tfor i := 0; i < attempts; i++ {
\t\tif err = f(); err == nil {
\t\t\treturn nil
\t\t}
\t\ttime.Sleep(time.Duration(1<<i) * time.Second)
\t}
\treturn err
}
""",
    "web/dates.js": """/** Format a date as day, month and year. */
export function formatDate(date) {
  return `${date.getDate()}.${date.getMonth() + 1}.${date.getFullYear()}`;
}
""",
    "README.md": "# Shop\n\nA small shop.\n\n## Shipping\n\nParcels leave the warehouse at noon.\n",
    "package-lock.json": '{"lockfileVersion": 3}\n',
}
