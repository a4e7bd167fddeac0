"""What holds for every bundled plugin: its page, its configuration and its plugin.ini say the same, and it can be unmapped."""
import functools
import glob
import os
import re
import subprocess
import unittest

from server import BUILD, HARAKA, LIMIT, ROOT

SOURCES = os.path.join(ROOT, "PluginsSrc")
PLUGINS = os.path.join(BUILD, "lib", "haraka", "plugins")

# Plugins that stay mapped after a reload, and a word of the reason that `plugin info` gives.
MAPPED = {"attachment": "libarchive", "auth/flat_file": "libcrypt"}  # nobody knows what a C library leaves behind
# Files that a plugin reads for the sake of another one, and does not bring.
OF_OTHERS = {
    "access": {"helo.checks.regexps", "mail_from.blocklist", "rcpt_to.blocklist", "rdns.allow_regexps", "rdns.deny_regexps"},
    "queue/qmail-queue": {"queue/qmail-queue.timeout"},  # there is a time limit without it
    "rcpt_to.in_host_list": {"host_list", "host_list_regex", "host_list.anti_spoof"},
}
# Sections whose keys are names that the administrator chooses.
FREE = {("headers.ini", "phish_targets"), ("helo.checks.ini", "bigco"), ("early_talker.ini", "ip_whitelist"),
        ("relay_dest_domains.ini", "domains")}
KEY = re.compile(r"^[;#]? ?([\w.:\[\]-]+?) ?=")
WORD = re.compile(r"^[a-z][a-z_]*(\[\])?$")
FILE = re.compile(r"^(?=.*[._/])[\w./-]+$")


def names():
    """Of all bundled plugins."""
    found = glob.glob(f"{SOURCES}/**/plugin.ini", recursive=True)
    return sorted(os.path.dirname(os.path.relpath(path, SOURCES)) for path in found)


def read(*path):
    with open(os.path.join(SOURCES, *path), encoding="utf-8") as file:
        return file.read()


def files(name):
    """The configuration that a plugin brings, without the page that says that there is none."""
    folder = os.path.join(SOURCES, name, "config")
    found = (os.path.relpath(path, folder) for path in glob.glob(f"{folder}/**", recursive=True) if os.path.isfile(path))
    return sorted(file for file in found if file != "README")


def keys(name, file):
    """(section, key) of an ini file, with those that are comments."""
    section, found = "main", []
    for line in read(name, "config", file).splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif KEY.match(line):
            found.append((section, KEY.match(line).group(1)))
    return found


def section(page, title):
    """The text under a heading of second order."""
    parts = re.split(r"^## (.*)$", page, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2])).get(title, "")


def cells(text, column):
    """The words of one column of the tables in which it is, marks and commas aside."""
    found, index = set(), None
    for line in text.splitlines():
        if not line.startswith("|"):
            index = None
            continue
        row = [cell.strip("| ") for cell in line.strip("|").split(" |")]
        if index is None:
            index = next((at for at, head in enumerate(row) if column in head.split(", ")), -1)
        elif index >= 0 and index < len(row) and not set(row[index]) <= set("-|"):
            found |= {part.strip("` ") for part in re.split(r"[,;]|` `", row[index])}
    return found


@functools.cache
def info(name):
    """What `plugin info` says, by its first word."""
    done = subprocess.run([HARAKA, "plugin", "info", os.path.join(PLUGINS, f"{name}.so")], capture_output=True, text=True,
                          timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(line.split(None, 1) for line in done.stdout.splitlines() if len(line.split(None, 1)) == 2)


def unnamed(name):
    """Files and keys of the configuration that the page does not name."""
    page = read(name, "README.md")
    for file in files(name):
        if f"`{file}`" not in page:
            yield file
        for part, key in keys(name, file) if file.endswith(".ini") else []:
            word = part if (file, part) in FREE else key
            if not re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", page):
                yield f"{file} [{part}] {key}"


def unknown(name):
    """Files and keys in the tables of the page that the configuration does not have."""
    told = section(read(name, "README.md"), "Configuration")
    brought = set(files(name))
    known = {key for file in brought if file.endswith(".ini") for _, key in keys(name, file)} | {"main"}
    yield from sorted(word for word in cells(told, "key") if WORD.match(word) and word not in known)
    listed = {word for word in cells(told, "file") if FILE.match(word)}
    yield from sorted(listed - brought - known - OF_OTHERS.get(name, set()))
    if bool(brought or name in OF_OTHERS) == told.strip().startswith("None."):
        yield "whether there is a configuration"


def otherwise(name):
    """Where plugin.ini, page and shared object differ."""
    ini = dict(line.split("=", 1) for line in read(name, "plugin.ini").splitlines() if "=" in line)
    hooks = set(ini["hooks"].split())
    told = cells(section(read(name, "README.md"), "Hooks"), "hook")
    yield from (f"name {ini['name']}" for _ in [0] if ini["name"] != name)
    yield from (f"page: {hook}" for hook in sorted(told ^ hooks))
    yield from (f"file: {hook}" for hook in sorted(set(info(name)["hooks"].split()) ^ hooks))


def mapped(name):
    """Why it stays mapped, if nobody knew, or if it does not."""
    verdict = info(name)["unload"]
    if name in MAPPED:
        yield from [verdict] if "stays mapped" not in verdict or MAPPED[name] not in verdict else []
    elif verdict != "can be unmapped":
        yield verdict


class EveryPlugin(unittest.TestCase):
    def none(self, look):
        """Nothing is found at any of them."""
        self.assertGreater(len(names()), 20)
        found = {name: list(look(name)) for name in names()}
        self.assertEqual({name: wrong for name, wrong in found.items() if wrong}, {})

    def test_configuration_in_page(self):
        """every plugin: its page names each file and each key of its configuration"""
        self.none(unnamed)

    def test_page_in_configuration(self):
        """every plugin: its configuration has each file and each key that its page has in a table"""
        self.none(unknown)

    def test_hooks(self):
        """every plugin: plugin.ini, page and file name the same hooks (that the code does, too, sees `plugin check`)"""
        self.none(otherwise)

    def test_unmapped(self):
        """every plugin: its code goes with the last generation that uses it, or it is known why not"""
        self.none(mapped)
