package kdlib.harness;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.JavacTask;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
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
 * Compiles the files of jobs in one warm JVM, into memory; it neither loads nor runs what it compiles.
 *
 * <p>Reads jobs from a socket (see {@link Channel}) and answers each with a line, in order:
 *
 * <pre>
 * job:    {"classPath": [path, ...], "files": [{"name": without .java, "content": text}, ...],
 *          "paths": [path of a file, ...], "release": version of Java, empty for the JDK's own,
 *          "statement": [first character, end] in the first file, or null}
 * answer: {"error": first error, empty if all compile, "errors": {path: its first error},
 *          "classes": {binary name: class file in base64}, none with an error,
 *          "named": what the statement names that could reach other jobs (see {@link Named}), or empty}
 * </pre>
 */
final class CompileJobs {
    // All errors of all files, not the first hundred, and of files beside broken ones too.
    private static final List<String> ALL = List.of("-Xmaxerrs", "1000000", "--should-stop=ifError=FLOW");

    /** Of a class file's name, as most file systems limit it. */
    private static final int LONGEST_NAME = 255 - ".class".length();

    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final Map<Map.Entry<List<String>, String>, StandardJavaFileManager> readers = new HashMap<>();

    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        CompileJobs compile = new CompileJobs();
        Channel channel = new Channel(arguments[0]);
        for (Map<String, Object> job = channel.request(); job != null; job = channel.request()) {
            channel.answer(compile.answer(job));
        }
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> answer(Map<String, Object> job) throws IOException {
        List<String> paths = (List<String>) job.get("paths");
        String release = (String) job.get("release");
        StandardJavaFileManager reader = reader((List<String>) job.get("classPath"), release);
        InMemory classes = new InMemory(reader);
        DiagnosticCollector<JavaFileObject> messages = new DiagnosticCollector<>();
        Map<String, String> errors = new TreeMap<>();
        String error;
        String named = "";
        try {
            List<JavaFileObject> sources = sources((List<Map<String, String>>) job.get("files"));
            paths(paths).forEach(path -> sources.add(new WholeFile(path, errors)));
            List<String> options = options(!paths.isEmpty(), release);
            JavacTask task = (JavacTask) compiler.getTask(null, classes, messages, options, null, sources);
            List<Double> statement = (List<Double>) job.get("statement");
            boolean good;
            if (statement == null) {
                good = task.call();
            } else {
                named = generated(task, messages, statement);
                // Where javac gives up it may say nothing.
                good = !Compile.failed(messages) && !classes.isEmpty();
            }
            // Those of files with odd bytes, if any, are there.
            addErrors(messages, errors);
            error = !good ? Compile.firstError(messages) : errors.isEmpty() ? "" : errors.values().iterator().next();
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError failure) {
            // Inside javac, of which it reports most itself.
            error = "javac failed: " + failure.getClass().getSimpleName();
        }
        return Map.of(
                "error", Described.oneLine(error),
                "errors", paths.isEmpty() ? Map.of() : errors,
                "classes", error.isEmpty() ? classes.encoded() : Map.of(),
                "named", named);
    }

    /** Makes the classes if there is no error, and returns what a statement of the first file names. */
    private static String generated(
            JavacTask task, DiagnosticCollector<JavaFileObject> messages, List<Double> statement) throws IOException {
        CompilationUnitTree unit = task.parse().iterator().next();
        task.analyze();
        if (Compile.failed(messages)) {
            return "";
        }
        String named = Named.in(task, unit, statement.get(0).longValue(), statement.get(1).longValue());
        task.generate();
        return named;
    }

    private static List<String> options(boolean all, String release) {
        List<String> options = new ArrayList<>(Compile.OPTIONS);
        if (all) {
            options.addAll(ALL);
        }
        if (!release.isEmpty()) {
            options.addAll(List.of("--release", release));
        }
        return options;
    }

    private static void addErrors(DiagnosticCollector<JavaFileObject> messages, Map<String, String> errors) {
        for (Diagnostic<? extends JavaFileObject> message : messages.getDiagnostics()) {
            if (message.getKind() == Diagnostic.Kind.ERROR && message.getSource() != null) {
                errors.putIfAbsent(message.getSource().getName(), Compile.brief(message));
            }
        }
    }

    private StandardJavaFileManager reader(List<String> classPath, String release) throws IOException {
        // A reader remembers the release that it was used for.
        Map.Entry<List<String>, String> key = Map.entry(classPath, release);
        StandardJavaFileManager known = readers.get(key);
        if (known == null) {
            known = Compile.reading(compiler, paths(classPath));
            readers.put(key, known);
        }
        return known;
    }

    private static List<Path> paths(List<String> names) {
        return names.stream().map(Path::of).collect(Collectors.toList());
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

        boolean isEmpty() {
            return classes.isEmpty();
        }

        Map<String, String> encoded() {
            Map<String, String> encoded = new TreeMap<>();
            classes.forEach((name, code) -> encoded.put(name, Base64.getEncoder().encodeToString(code.toByteArray())));
            return encoded;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, FileObject sibling) throws IOException {
            String last = name.substring(name.lastIndexOf('.') + 1);
            if (last.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
                throw new IOException(name + ": File name too long");
            }
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
