import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
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
 * <p>Reads a job from each line of standard input and answers each with a line on standard output, in order:
 *
 * <pre>
 * job:    {"classPath": [path, ...], "files": [{"name": without .java, "content": text}, ...]}
 * answer: {"error": first error, empty if all compile, "classes": {binary name: class file in base64}}
 * </pre>
 */
final class CompileJobs {
    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final Map<List<String>, StandardJavaFileManager> readers = new HashMap<>();

    public static void main(String[] arguments) throws IOException {
        CompileJobs compile = new CompileJobs();
        BufferedReader jobs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
            System.out.println(Json.line(compile.answer(Json.object(line))));
        }
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> answer(Map<String, Object> job) throws IOException {
        InMemory classes = new InMemory(reader((List<String>) job.get("classPath")));
        String error;
        try {
            error = compile(classes, sources((List<Map<String, String>>) job.get("files")));
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError failure) {
            // Inside javac, of which it reports most itself.
            error = "javac failed: " + failure.getClass().getSimpleName();
        }
        return Map.of("error", Described.oneLine(error), "classes", error.isEmpty() ? classes.encoded() : Map.of());
    }

    private String compile(InMemory classes, List<JavaFileObject> sources) {
        DiagnosticCollector<JavaFileObject> messages = new DiagnosticCollector<>();
        boolean good = compiler.getTask(null, classes, messages, Compile.OPTIONS, null, sources).call();
        return good ? "" : Compile.firstError(messages);
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
