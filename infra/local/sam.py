"""`sam build` and `sam deploy` against the local AWS.

The built layers are zipped here, uncompressed: SAM would spend 5 s compressing them for a copy that never
leaves the machine, and every worker of the emulator would spend as long unpacking. When no input of a
build has changed, the last build stands.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra.local.errors import LocalStackError
from infra.local.template import load_template, resources_of

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_CAUSES = (
    (r"No space left on device", "the disk is full: free some space and try again"),
    (
        r"dns error|Failed to fetch|Could not connect|network is unreachable|network was disabled",
        "no network: packages cannot be fetched",
    ),
    (r"Address already in use", "a port is in use"),
)


class Sam:
    """The SAM CLI of `.local/sam` with the `local` environment of samconfig.toml."""

    def __init__(self, root: Path, run_dir: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self.build_dir = root / ".local" / "build"
        self._run_dir = run_dir
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LAYER_", "SAM_"))}
        self._environment = {
            **outside,
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.1",
            "DUNWELL_ROOT": str(root),
            **environment,
        }

    def build(self) -> bool:
        """Builds layers and template into `.local/build`; False when the last build still stands."""
        with self._locked():
            return self._build()

    def _build(self) -> bool:
        stamp = self.build_dir / ".inputs"
        digest = self._digest_of_inputs()
        if stamp.exists() and stamp.read_text() == digest:
            return False
        stamp.unlink(missing_ok=True)
        self._run("build", [])
        self._zip_layers()
        stamp.write_text(digest)
        return True

    def deploy(self, parameters: Mapping[str, str]) -> None:
        """Deploys what was built. Raises LocalStackError with the last useful lines when it fails."""
        for leftover in self.root.glob("functions/**/__pycache__/*.pyc"):
            leftover.unlink()
        arguments = [f'{name}="{value}"' for name, value in parameters.items()]
        with self._locked():
            self._run("deploy", ["--parameter-overrides", *arguments])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One user of the build folder at a time: tests and a demo may run side by side."""
        lock = self.root / ".local" / "build.lock"
        with lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _run(self, command: str, arguments: list[str]) -> None:
        sam = self.root / ".local" / "sam" / "bin" / "sam"
        if not sam.exists():
            raise LocalStackError("the SAM CLI is not installed: run `make setup`")
        self._run_dir.mkdir(parents=True, exist_ok=True)
        log = self._run_dir / f"sam-{command}.log"
        with log.open("wb") as output:
            done = subprocess.run(
                [sam, command, "--config-env", "local", *arguments],
                cwd=self.root,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode != 0:
            text = log.read_text(encoding="utf-8", errors="replace")
            raise LocalStackError(f"sam {command} failed: {_reason(text)} (all of it: {log})")

    def _inputs(self) -> Iterator[Path]:
        for name in ("template.yaml", "samconfig.toml", "uv.lock"):
            yield self.root / name
        for folder in ("layers", "infra/policies", "infra/sources", "infra/messages", "model_artifacts"):
            for path in sorted((self.root / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield path

    def _digest_of_inputs(self) -> str:
        digest = hashlib.sha256(RUNTIME.encode())
        for path in self._inputs():
            content = path.read_bytes()
            digest.update(f"\0{path.relative_to(self.root)}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def _zip_layers(self) -> None:
        built = self.build_dir / "template.yaml"
        text = built.read_text(encoding="utf-8")
        for name in resources_of(load_template(built), "AWS::Serverless::LayerVersion"):
            _zip_folder(self.build_dir / name, self.build_dir / f"{name}.zip")
            text = re.sub(rf"(ContentUri: ){name}\b(?!\.zip)", rf"\g<1>{name}.zip", text)
        built.write_text(text, encoding="utf-8")


def _zip_folder(folder: Path, target: Path) -> None:
    """The same bytes for the same files, so that SAM finds what it has already uploaded."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)), _ZIP_TIME)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())


def _reason(text: str) -> str:
    """One line out of SAM's output: a known cause, else its error, else how it ended."""
    for pattern, cause in _CAUSES:
        if re.search(pattern, text, re.IGNORECASE):
            return cause
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip(" -\t")]
    starts = [number for number, line in enumerate(lines) if re.match(r"(?:\S+: )?error\b", line, re.IGNORECASE)]
    useful = lines[starts[-1] :][:4] if starts else lines[-3:]
    return " ".join(useful) or "it said nothing"
