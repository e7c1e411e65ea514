"""A small Java project with stand-ins for JUnit, compiled by the JDK of this machine; no network."""

from __future__ import annotations

import hashlib
import zipfile

from kdlib.execution.classpath import build_class_path, read_class_path
from kdlib.execution.compiler import project_compiler
from kdlib.execution.sandbox import find_sandbox
from kdlib.java.compiler import compile_files, find_jdk
from kdlib.records import Occurrence

JUNIT = {
    "org/junit/Assert": "public class Assert { public static void assertEquals(Object a, Object b) {} "
    "public static void assertNull(Object a) {} private static void assertHidden() {} public void not() {} }",
    "org/junit/Test": "public @interface Test {}",
    "org/hamcrest/MatcherAssert": "public class MatcherAssert { "
    "public static void assertThat(Object a, Object b) {} }",
    "org/hamcrest/Matchers": "public class Matchers { public static Object is(Object a) { return a; } "
    "public static Object hasSize(int a) { return a; } }",
}
PROJECT = {
    "src/main/java/p/Lib.java": "package p; public class Lib { public int one() { return 1; } }",
    "src/main/java/p/package-info.java": "package p;",
    "src/main/java/module-info.java": "module p { requires nowhere; }",
    "src/main/resources/p/words.txt": "one",
    "src/test/resources/data.txt": "two",
    "src/test/java/p/LibTest.java": """package p;

import static org.junit.Assert.assertEquals;
import org.junit.Test;

public class LibTest {
    // ä: bytes are not characters
    @Test public void first() {
        int x = new Lib().one();
        assertEquals(1, x);
    }
    public static class Inner {
        @Test public void inside() { assertEquals(2, 2); }
        void hasSize(String other) {}
    }
}
""",
    "src/test/java/p/AbstractShape.java": """package p;
import org.junit.Test;
public abstract class AbstractShape {
    @Test public void shape() { org.junit.Assert.assertEquals(3, 3); }
}
""",
    "src/test/java/p/RoundShape.java": "package p; public abstract class RoundShape extends AbstractShape {}",
    "src/test/java/p/ShapeTest.java": "package p; public class ShapeTest extends RoundShape {}",
    "src/test/java/p/AloneShape.java": """package p;
public abstract class AloneShape {
    @org.junit.Test public void alone() { org.junit.Assert.assertEquals(4, 4); }
}
""",
    "src/test/java/p/Broken.java": """package p;
import org.junit.Test;
public class Broken { @Test public void broken() { org.junit.Assert.assertEquals(5, nowhere.X); } }
""",
    "src/test/java/p/NeedsBroken.java": """package p;
public class NeedsBroken extends Broken { void t() { org.junit.Assert.assertEquals(6, 6); } }
""",
    "src/test/java/p/NgTest.java": """package p;
import org.testng.annotations.Test;
public class NgTest { @Test public void ng() { org.junit.Assert.assertEquals(7, 7); } }
""",
    "android/src/p/Lib.java": "package p; public class Lib { public int two() { return 2; } }",
    "android/test/p/LibTest.java": """package p;
import org.junit.Test;
public class LibTest { @Test public void android() { org.junit.Assert.assertEquals(2, new Lib().two()); } }
""",
}


def write_project(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def jar_of(folder, types):
    """Return a jar of compiled classes, given as full name: source without its package."""
    for name, text in types.items():
        package = name.rpartition("/")[0].replace("/", ".")
        write_project(folder / "source", {f"{name}.java": f"package {package}; {text}"})
    sources = sorted((folder / "source").rglob("*.java"))
    assert compile_files(find_jdk(), sources, [], folder / "classes") is None
    with zipfile.ZipFile(folder / "library.jar", "w") as jar:
        for path in sorted((folder / "classes").rglob("*.class")):
            jar.write(path, path.relative_to(folder / "classes").as_posix())
    return folder / "library.jar"


def small_project(tmp_path_factory):
    """Return the class path of the project, built once for all tests, and the jar of its stand-ins."""
    folder = tmp_path_factory.getbasetemp() / "small-project"
    if not folder.exists():
        write_project(folder / "source", PROJECT)
        jar = jar_of(folder / "junit", JUNIT)
        with project_compiler(find_jdk(), folder / "cache", find_sandbox()) as compiler:
            build_class_path(compiler, folder / "source", [jar], folder / "built")
    return read_class_path(folder / "built"), folder / "junit/library.jar"


def occurrence(path, statement, method, content=None):
    """Return where a statement stands in a file of the small project."""
    content = (content or PROJECT[path]).encode()
    start = content.index(statement.encode())
    return Occurrence(
        source="own",
        version="1",
        path=path,
        file_sha256=hashlib.sha256(content).hexdigest(),
        start_byte=start,
        end_byte=start + len(statement.encode()),
        test_class="p.LibTest",
        test_method=method,
        focal_class="p.Lib",
        focal_name="one",
        focal_path="src/main/java/p/Lib.java",
        focal_start_byte=0,
        focal_end_byte=0,
        reason="inside",
        group="p.Lib",
        framework="junit4",
        kind="assertEquals",
        licence="MIT",
    )
