"""Who may import whom: the contracts of pyproject.toml, the third-party libraries' places, what loads when."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, imported, sources

AT_HOME = {
    "aioimaplib": ("connectors/email/",),
    "aiosmtpd": ("connectors/email/",),
    "aiosmtplib": ("connectors/email/",),
    "slixmpp": ("connectors/xmpp/",),
    "pymongo": ("storage/mongodb/",),
    "gridfs": ("storage/mongodb/",),
    "bson": ("storage/", "hub/parsing/wire.py"),
    "sqlite3": ("storage/", "hub/cli/commands/doctor.py"),
    "snowballstemmer": ("storage/",),
    "PIL": ("connectors/fax/", "hub/services/charts/"),
    "img2pdf": ("connectors/fax/",),
    "pypdfium2": ("connectors/fax/",),
    "cryptography": ("connectors/fax/",),
    "ftplib": ("connectors/fax/",),
    "smtplib": ("connectors/fax/",),
    "nh3": ("connectors/email/",),
    "html_text": ("connectors/email/",),
    "mailparser_reply": ("connectors/email/",),
    "argon2": ("hub/services/passwords.py",),
    "rapidfuzz": ("hub/services/matching.py", "bots/"),
    "jinja2": ("hub/web/",),
    "babel": ("hub/web/",),
    "aiohttp": ("hub/web/", "hub/app.py", "hub/front.py", "hub/daemon.py", "connectors/"),
    "telegram": ("connectors/telegram/",),
    "click": ("hub/cli/",),
    "rich": ("hub/cli/", "hub/seed/"),
    "pydantic": ("config/", "connectors/", "hub/web/", "hub/cli/"),
    "tomlkit": ("config/", "hub/cli/"),
}
"""Where a library that does I/O, or that we may want to replace, may be imported."""
STDLIB_ONLY = ("hub/domain/", "hub/ports/")


def test_the_layers_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stdout[-3_000:] + result.stderr[-1_000:]


def test_a_library_appears_in_one_place() -> None:
    strays = [
        f"{path} imports {module}"
        for path in sources()
        for module in imported(path)
        if (home := AT_HOME.get(module.partition(".")[0])) and not str(path).startswith(home)
    ]
    assert strays == []


def test_domain_and_ports_use_the_standard_library_only() -> None:
    strays = [
        f"{path} imports {module}"
        for path in sources()
        if str(path).startswith(STDLIB_ONLY)
        for module in imported(path)
        if (name := module.partition(".")[0]) != "hub" and name not in sys.stdlib_module_names
    ]
    assert strays == []


def test_only_the_run_command_reaches_the_composition_root() -> None:
    importers = {str(path) for path in sources() if "hub.app" in imported(path)}
    assert importers <= {"hub/cli/run.py", "hub/cli/commands/run.py", "hub/daemon.py", "hub/offline.py"}


def loaded_by(statement: str) -> set[str]:
    """The modules in a fresh process after the statement."""
    script = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.mark.parametrize("statement", ["import hub.cli", "import hub.cli.commands.status, hub.cli.commands.contact"])
def test_client_commands_load_neither_the_hub_nor_its_libraries(statement: str) -> None:
    loaded = loaded_by(statement)
    heavy = {module for module in loaded if module.startswith(("hub.app", "hub.services", "hub.web", "storage"))}
    assert heavy == set()
    assert loaded & {"pydantic", "aiohttp", "pymongo", "slixmpp", "aiosmtpd", "argon2", "rapidfuzz"} == set()


def test_services_load_no_heavy_library_before_its_first_use() -> None:
    loaded = loaded_by("import hub.services.verbs, hub.services.contacts, hub.services.timeline")
    assert loaded & {"rapidfuzz", "babel", "PIL", "pydantic", "aiohttp"} == set()
