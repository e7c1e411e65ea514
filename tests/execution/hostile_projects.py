"""Projects that try to reach what lies outside the sandbox while they are unpacked, compiled or run."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

_LIBRARY = "package q; public class Foo { public int one() { return 1; } %s }"
_TEST = """package q;
import static org.junit.Assert.assertEquals;
import org.junit.Test;
public class FooTest { %s
    @Test public void one() throws Exception { %s assertEquals(1, new Foo().one()); }
}"""
_FOO = "src/main/java/q/Foo.java"
_FOO_TEST = "src/test/java/q/FooTest.java"
# Whoever can run this outside the sandbox leaves a file there.
_ESCAPE = (
    'try { java.nio.file.Files.write(java.nio.file.Path.of("%s"), new byte[1]); } catch (Throwable e) { }'
)
_SERVICES = "src/main/resources/META-INF/services"


class HostileProject(NamedTuple):
    """A project.

    Attributes:
        files: Path: content.
        status: What its own assertion comes to; ``left out`` if its test file cannot be compiled, ``refused``
            if the project is not read at all.
    """

    files: Mapping[str, str]
    status: str = "passed"


def hostile_projects(outside: Path) -> dict[str, HostileProject]:
    """Return projects by what they try.

    Args:
        outside: A file that none of them may make.
    """
    escape = _ESCAPE % outside
    plain = {_FOO: _LIBRARY % "", _FOO_TEST: _TEST % ("", "")}
    deep = f"package q; class Deep {{ int x = {'(' * 9000}1{')' * 9000}; }}"
    child = (
        'new ProcessBuilder(System.getProperty("java.home") + "/bin/java", "-cp", '
        'System.getProperty("jdk.module.path", "."), "q.Foo").start();'
    )
    return {
        "a plugin of javac": HostileProject(
            {
                **plain,
                f"{_SERVICES}/com.sun.source.util.Plugin": "evil.P",
                "src/main/java/evil/P.java": "package evil; import com.sun.source.util.*; "
                'public class P implements Plugin { public String getName() { return "P"; } '
                "public boolean autoStart() { return true; } "
                f"public void init(JavacTask task, String... all) {{ {escape} }} }}",
            }
        ),
        "an annotation processor": HostileProject(
            {
                **plain,
                f"{_SERVICES}/javax.annotation.processing.Processor": "evil.P",
                "src/main/java/evil/P.java": "package evil; import java.util.*; "
                "import javax.annotation.processing.*; "
                "import javax.lang.model.element.*; "
                '@SupportedAnnotationTypes("*") public class P extends AbstractProcessor { '
                f"static {{ {escape} }} public boolean process(Set<? extends TypeElement> s, "
                "RoundEnvironment e) { return false; } }",
            }
        ),
        "options of javac in a file name": HostileProject(
            {**plain, f"src/main/java/q/z.java\n-d\n{outside.name}\n-A.java": "class A { }"}, "refused"
        ),
        "an argument file": HostileProject({**plain, 'src/main/java/q/@a "b" \\c.java': "class B { }"}),
        "an initialiser": HostileProject({**plain, _FOO: _LIBRARY % f"static {{ {escape} }}"}),
        "an initialiser of the test": HostileProject(
            {**plain, _FOO_TEST: _TEST % (f"static {{ {escape} }}", "")}
        ),
        "a process that stays": HostileProject(
            {
                **plain,
                _FOO: _LIBRARY % f"public static void main(String[] all) {{ while (true) {{ {escape} }} }}",
                _FOO_TEST: _TEST % ("", child),
            }
        ),
        "a factory for the whole JVM": HostileProject(
            {
                **plain,
                _FOO: _LIBRARY % "static { java.net.URL.setURLStreamHandlerFactory(protocol -> null); }",
            }
        ),
        "a security manager": HostileProject(
            {**plain, _FOO: _LIBRARY % "static { System.setSecurityManager(new SecurityManager()); }"}
        ),
        "an exit": HostileProject({**plain, _FOO: _LIBRARY % "static { System.exit(0); }"}, "crashed"),
        # With such a file javac says of none what is wrong.
        "a file too deep for javac": HostileProject({**plain, "src/main/java/q/Deep.java": deep}),
        "a shutdown hook and a thread": HostileProject(
            {
                **plain,
                _FOO: _LIBRARY
                % f"static {{ Runtime.getRuntime().addShutdownHook(new Thread(() -> {{ {escape} }})); "
                f"new Thread(() -> {{ while (true) {{ {escape} }} }}).start(); }}",
            }
        ),
        "a test that does not compile": HostileProject(
            {**plain, _FOO_TEST: _TEST % ("", "this is no Java;")}, "left out"
        ),
        "a name that leads out": HostileProject(
            {**plain, f"src/main/java{'/..' * 12}{outside}": "class A { }"}, "refused"
        ),
    }


def packed(project: HostileProject, archive: Path) -> None:
    """Write a project as an archive of one folder; its names need not be those of files."""
    with tarfile.open(archive, "w:gz") as out:
        for name, content in project.files.items():
            entry = tarfile.TarInfo(f"project/{name}")
            entry.size = len(content.encode())
            out.addfile(entry, BytesIO(content.encode()))
