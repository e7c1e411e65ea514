import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/**
 * Compiles single Java files in one warm JVM: it writes no class file, and neither loads nor runs what it
 * compiles (annotation processors included).
 *
 * <p>{@code java Compile.java SECONDS CLASS_PATH} reads a job from each line of standard input and answers
 * each with a line on standard output, in order. Fields are separated by tabs, texts are base64 of UTF-8.
 *
 * <pre>
 * job:    id  file name without .java  source
 * answer: id  ok or error              first error, empty for ok
 * </pre>
 *
 * A job that takes longer than SECONDS is an error: javac's inference may take exponential time.
 */
final class Compile {
    static final List<String> OPTIONS = List.of("-proc:none", "-implicit:none", "-nowarn", "-Xlint:none");

    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final ExecutorService threads = Executors.newCachedThreadPool(Compile::daemon);
    private final int seconds;
    private final List<Path> classPath;
    private JavaFileManager files;

    private Compile(int seconds, List<Path> classPath) throws IOException {
        this.seconds = seconds;
        this.classPath = classPath;
        this.files = open();
    }

    public static void main(String[] arguments) throws Exception {
        List<Path> classPath =
                Arrays.stream(arguments[1].split(File.pathSeparator)).map(Path::of).collect(Collectors.toList());
        Compile compile = new Compile(Integer.parseInt(arguments[0]), classPath);
        BufferedReader jobs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = jobs.readLine(); line != null; line = jobs.readLine()) {
            String[] job = line.split("\t", -1);
            String error = compile.firstError(new Source(decoded(job[1]), decoded(job[2])));
            String encoded = Base64.getEncoder().encodeToString(error.getBytes(StandardCharsets.UTF_8));
            System.out.println(job[0] + "\t" + (error.isEmpty() ? "ok" : "error") + "\t" + encoded);
        }
    }

    /** Returns the first error of a file, empty if it compiles in time. */
    private String firstError(JavaFileObject source) throws IOException, InterruptedException {
        JavaFileManager own = files;
        Future<String> result = threads.submit(() -> compile(own, source));
        try {
            return result.get(seconds, TimeUnit.SECONDS);
        } catch (ExecutionException error) {
            // A failure inside javac, of which it reports most itself, or no memory.
            return "javac failed: " + error.getCause().getClass().getSimpleName();
        } catch (TimeoutException error) {
            // The thread cannot be stopped: it keeps the file manager, which no two may use at once.
            files = open();
            return "not compiled within " + seconds + " s";
        }
    }

    private String compile(JavaFileManager own, JavaFileObject source) {
        DiagnosticCollector<JavaFileObject> messages = new DiagnosticCollector<>();
        if (compiler.getTask(null, own, messages, OPTIONS, null, List.of(source)).call()) {
            return "";
        }
        return firstError(messages);
    }

    static String firstError(DiagnosticCollector<JavaFileObject> messages) {
        return messages.getDiagnostics().stream()
                .filter(message -> message.getKind() == Diagnostic.Kind.ERROR)
                .map(message -> "line " + message.getLineNumber() + ": " + message.getMessage(Locale.ENGLISH))
                .findFirst()
                .orElse("javac failed without a message");
    }

    private JavaFileManager open() throws IOException {
        return new NoOutput(reading(compiler, classPath));
    }

    /** Returns javac's own view of a class path. */
    static StandardJavaFileManager reading(JavaCompiler compiler, List<Path> classPath) throws IOException {
        StandardJavaFileManager standard = compiler.getStandardFileManager(null, Locale.ENGLISH, null);
        standard.setLocationFromPaths(StandardLocation.CLASS_PATH, classPath);
        // Without a source path javac would take sources from the class path.
        standard.setLocationFromPaths(StandardLocation.SOURCE_PATH, List.of());
        return standard;
    }

    private static String decoded(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        return thread;
    }

    /** A file that exists in memory only. */
    static final class Source extends SimpleJavaFileObject {
        private final String content;

        Source(String name, String content) throws URISyntaxException {
            super(new URI("memory", null, "/" + name + ".java", null), Kind.SOURCE);
            this.content = content;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return content;
        }
    }

    /** Lets javac make classes, for the errors that only this shows, and drops them. */
    private static final class NoOutput extends ForwardingJavaFileManager<JavaFileManager> {
        NoOutput(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            return new SimpleJavaFileObject(URI.create("memory:///dropped" + kind.extension), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return OutputStream.nullOutputStream();
                }
            };
        }
    }
}
