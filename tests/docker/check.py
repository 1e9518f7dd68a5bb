# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""What can be said of scripts/docker without Docker: check.py ROOT AGENTRUN LIBRARY...

The packages are those of scripts/setup.sh and those that the program is linked with,
what is copied exists and is enough to configure a build, the worker runs as no root and
gets the signals, and the configuration is one that the program takes."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT, AGENTRUN, LIBRARIES = pathlib.Path(), "", []


def instructions():
    """[(name, rest)] of the Dockerfile, lines joined, comments gone."""
    text = (ROOT / "scripts/docker/Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def packages(rest):
    found = re.search(r"--no-install-recommends ([^&]*)&&", rest)
    return set(found[1].split())


def build_packages():
    text = (ROOT / "scripts/setup.sh").read_text()
    return set(re.search(r'^BUILD_PACKAGES="([^"]*)"', text, re.M)[1].split())


class Dockerfile(unittest.TestCase):
    def setUp(self):
        self.all = instructions()
        last = max(i for i, (name, _) in enumerate(self.all) if name == "FROM")
        self.build, self.image = self.all[:last], self.all[last:]

    def of(self, name, part=None):
        return [rest for n, rest in (part or self.all) if n == name]

    def test_every_instruction_is_one(self):
        known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "EXPOSE", "STOPSIGNAL",
                 "HEALTHCHECK", "ENTRYPOINT", "CMD"}
        for i, (name, rest) in enumerate(self.all):
            self.assertIn(name, known)
            self.assertTrue(rest.strip())
            self.assertTrue(name == "FROM" or i > 0)
            if name in ("ENTRYPOINT", "CMD"):
                self.assertIsInstance(json.loads(rest), list)

    def test_the_packages_to_build_are_those_of_setup(self):
        self.assertEqual(packages(self.of("RUN", self.build)[0]), build_packages())

    def test_the_packages_of_the_image_are_what_is_linked(self):
        if not shutil.which("readelf") or not shutil.which("dpkg-query"):
            self.skipTest("not Debian")
        have = packages(self.of("RUN", self.image)[0])
        for file in [AGENTRUN, *LIBRARIES]:
            head = subprocess.run(["readelf", "-d", file], capture_output=True, text=True,
                                  check=True).stdout
            linked = subprocess.run(["ldd", file], capture_output=True, text=True,
                                    check=True).stdout
            for name in re.findall(r"\(NEEDED\).*\[(.*)\]", head):
                path = re.search(rf"{re.escape(name)} => (\S+)", linked)
                if not path or name.startswith("libagentrun") or "san" in name:
                    continue
                real = os.path.realpath(path[1])
                owner = subprocess.run(["dpkg-query", "-S", "*/" + os.path.basename(real)],
                                       capture_output=True, text=True, check=False).stdout
                owners = {line.split(":")[0] for line in owner.splitlines()}
                self.assertTrue(owners & have, f"{file}: {name} is of {owners}")

    def test_what_is_copied_exists_and_is_enough(self):
        with tempfile.TemporaryDirectory() as folder:
            for rest in self.of("COPY"):
                if rest.startswith("--from="):
                    continue
                *sources, to = rest.split()
                for source in sources:
                    self.assertTrue((ROOT / source).exists(), source)
                    if to.startswith("/"):
                        continue
                    if (ROOT / source).is_dir():
                        shutil.copytree(ROOT / source, pathlib.Path(folder, to))
                    else:
                        shutil.copy(ROOT / source, pathlib.Path(folder, to))
            command = next(rest for rest in self.of("RUN", self.build) if "meson setup" in rest)
            options = re.search(r"meson setup (.*?)\s+build \.", command)[1].split()
            ran = subprocess.run(["meson", "setup", *options, "build", "."], cwd=folder,
                                 capture_output=True, text=True, check=False)
            self.assertEqual(ran.returncode, 0, ran.stdout[-2000:])

    def test_it_is_not_root_and_gets_the_signals(self):
        self.assertEqual(self.of("USER", self.image), ["agentrun"])
        self.assertEqual(self.of("STOPSIGNAL", self.image), ["SIGTERM"])
        self.assertEqual(json.loads(self.of("ENTRYPOINT", self.image)[0]), ["agentrun"])
        command = json.loads(self.of("CMD", self.image)[0])
        ran = subprocess.run([AGENTRUN, *command, "--help"], capture_output=True, check=False)
        self.assertEqual(ran.returncode, 0)

    def test_the_health_is_looked_at(self):
        health = self.of("HEALTHCHECK", self.image)[0]
        check = json.loads(health[health.index("CMD") + 4:])
        port = self.of("EXPOSE", self.image)[0]
        self.assertEqual(check[-1], f"http://127.0.0.1:{port}/health")
        self.assertIn(check[0], packages(self.of("RUN", self.image)[0]))
        config = (ROOT / "scripts/docker/config.yaml").read_text()
        self.assertIn(f"port: {port}", config)

    def test_the_program_takes_the_configuration(self):
        for more in ({}, {"AGENTRUN_TOKEN": ""}, {"AGENTRUN_TOKEN": "t"}):
            ran = subprocess.run(
                [AGENTRUN, "classify", "x", "-c", str(ROOT / "scripts/docker/config.yaml")],
                capture_output=True, text=True, check=False,
                env={"PATH": os.environ["PATH"], **more,
                     "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "")})
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))


class Compose(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "scripts/docker/compose.yaml").read_text()

    def test_it_is_yaml(self):
        try:
            import yaml
        except ImportError:
            self.assertNotIn("\t", self.text)
            return
        worker = yaml.safe_load(self.text)["services"]["worker"]
        self.assertEqual(worker["build"]["dockerfile"], "scripts/docker/Dockerfile")

    def test_what_it_names_is_there(self):
        here = ROOT / "scripts/docker"
        context = re.search(r"context: (\S+)", self.text)[1]
        file = re.search(r"dockerfile: (\S+)", self.text)[1]
        self.assertTrue((here / context / file).resolve().is_file())

    def test_redis_keeps_what_it_answered_and_the_worker_has_time_to_drain(self):
        for words in ('"--appendonly", "yes"', '"--appendfsync", "always"', "noeviction"):
            self.assertIn(words, self.text)
        self.assertGreater(int(re.search(r"stop_grace_period: (\d+)s", self.text)[1]), 30 + 5)


if __name__ == "__main__":
    ROOT, AGENTRUN = pathlib.Path(sys.argv[1]), str(pathlib.Path(sys.argv[2]).resolve())
    LIBRARIES = sys.argv[3:]
    unittest.main(argv=sys.argv[:1], verbosity=2)
