package kdlib.harness;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;

/** What a compilation is made of; neither annotation processors nor plugins are asked. */
final class Compile {
    static final List<String> OPTIONS = List.of("-proc:none", "-implicit:none", "-nowarn", "-Xlint:none");

    private static final String SYMBOL = "symbol:";

    private Compile() {}

    static boolean failed(DiagnosticCollector<JavaFileObject> messages) {
        return messages.getDiagnostics().stream().anyMatch(message -> message.getKind() == Diagnostic.Kind.ERROR);
    }

    static String firstError(DiagnosticCollector<JavaFileObject> messages) {
        return messages.getDiagnostics().stream()
                .filter(message -> message.getKind() == Diagnostic.Kind.ERROR)
                .map(message -> "line " + message.getLineNumber() + ": " + message.getMessage(Locale.ENGLISH))
                .findFirst()
                .orElse("javac failed without a message");
    }

    /** Returns what is wrong, on one line: the first of the message and the symbol that is unknown. */
    static String brief(Diagnostic<? extends JavaFileObject> message) {
        String[] lines = message.getMessage(Locale.ENGLISH).split("\\R");
        String next = lines.length > 1 ? lines[1].strip() : "";
        String symbol = next.startsWith(SYMBOL) ? next.substring(SYMBOL.length()) : "";
        return (lines[0] + " " + symbol).strip().replaceAll("\\s+", " ");
    }

    /** Returns javac's own view of a class path. */
    static StandardJavaFileManager reading(JavaCompiler compiler, List<Path> classPath) throws IOException {
        StandardJavaFileManager standard = compiler.getStandardFileManager(null, Locale.ENGLISH, null);
        standard.setLocationFromPaths(StandardLocation.CLASS_PATH, classPath);
        // Without a path of its own javac would start the plugins that it finds on the class path.
        standard.setLocationFromPaths(StandardLocation.ANNOTATION_PROCESSOR_PATH, List.of());
        // Without a source path javac would take sources from the class path.
        standard.setLocationFromPaths(StandardLocation.SOURCE_PATH, List.of());
        return standard;
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
}
