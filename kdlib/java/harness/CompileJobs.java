package kdlib.harness;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.JavacTask;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Compiles the files of jobs in one warm JVM, in memory; it neither loads nor runs what it compiles.
 *
 * <p>Reads jobs from a socket (see {@link Channel}) and answers each with a line, in order:
 *
 * <pre>
 * job:    {"classPath": [path, ...], "files": [{"name": without .java, "content": text}, ...],
 *          "statement": [first character, end] in the first file, or null}
 * answer: {"error": first error, empty if all compile, "classes": {binary name: class file in base64},
 *          "named": what the statement names that could reach other jobs (see {@link Named}), or empty}
 * </pre>
 */
final class CompileJobs {
    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final Map<List<String>, StandardJavaFileManager> readers = new HashMap<>();

    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        CompileJobs compile = new CompileJobs();
        Channel channel = new Channel(arguments[0]);
        for (Map<String, Object> job = channel.request(); job != null; job = channel.request()) {
            channel.answer(compile.answer(job));
        }
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> answer(Map<String, Object> job) throws IOException {
        InMemory classes = new InMemory(reader((List<String>) job.get("classPath")));
        List<Double> statement = (List<Double>) job.get("statement");
        String error;
        String named = "";
        try {
            List<JavaFileObject> sources = sources((List<Map<String, String>>) job.get("files"));
            if (statement == null) {
                error = compile(classes, sources);
            } else {
                String[] both = compile(classes, sources, statement.get(0).longValue(), statement.get(1).longValue());
                error = both[0];
                named = both[1];
            }
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError failure) {
            // Inside javac, of which it reports most itself.
            error = "javac failed: " + failure.getClass().getSimpleName();
        }
        Map<String, String> made = error.isEmpty() ? classes.encoded() : Map.of();
        return Map.of("error", Described.oneLine(error), "classes", made, "named", named);
    }

    private String compile(InMemory classes, List<JavaFileObject> sources) {
        DiagnosticCollector<JavaFileObject> messages = new DiagnosticCollector<>();
        boolean good = compiler.getTask(null, classes, messages, Compile.OPTIONS, null, sources).call();
        return good ? "" : Compile.firstError(messages);
    }

    /** Compiles as {@link #compile} and sees what a statement of the first file names; returns the error, too. */
    private String[] compile(InMemory classes, List<JavaFileObject> sources, long start, long end) throws IOException {
        DiagnosticCollector<JavaFileObject> messages = new DiagnosticCollector<>();
        JavacTask task = (JavacTask) compiler.getTask(null, classes, messages, Compile.OPTIONS, null, sources);
        CompilationUnitTree unit = task.parse().iterator().next();
        task.analyze();
        String named = Compile.failed(messages) ? "" : Named.in(task, unit, start, end);
        if (!Compile.failed(messages)) {
            task.generate();
        }
        return new String[] {Compile.failed(messages) ? Compile.firstError(messages) : "", named};
    }

    private StandardJavaFileManager reader(List<String> classPath) throws IOException {
        StandardJavaFileManager known = readers.get(classPath);
        if (known == null) {
            List<Path> paths = classPath.stream().map(Path::of).collect(Collectors.toList());
            known = Compile.reading(compiler, paths);
            readers.put(classPath, known);
        }
        return known;
    }

    private static List<JavaFileObject> sources(List<Map<String, String>> files) {
        List<JavaFileObject> sources = new ArrayList<>();
        for (Map<String, String> file : files) {
            try {
                sources.add(new Compile.Source(file.get("name"), file.get("content")));
            } catch (URISyntaxException error) {
                throw new IllegalArgumentException(file.get("name"), error);
            }
        }
        return sources;
    }

    /** Keeps the classes that javac makes. */
    private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> classes = new TreeMap<>();

        InMemory(JavaFileManager files) {
            super(files);
        }

        Map<String, String> encoded() {
            Map<String, String> encoded = new TreeMap<>();
            classes.forEach((name, code) -> encoded.put(name, Base64.getEncoder().encodeToString(code.toByteArray())));
            return encoded;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("memory:///kept" + kind.extension), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return classes.computeIfAbsent(name, any -> new ByteArrayOutputStream());
                }
            };
        }

        @Override
        public void close() {
            // The class path stays open for the next job.
        }
    }
}
