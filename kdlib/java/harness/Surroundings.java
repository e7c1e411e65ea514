package kdlib.harness;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.TimeZone;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What tests share with those after them in a JVM, and how it is put back. */
final class Surroundings {
    private static final int GRACE_MS = 100;

    private final Properties properties = copy(System.getProperties());
    private final Locale locale = Locale.getDefault();
    private final TimeZone zone = TimeZone.getDefault();
    private final Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    private final Set<Path> placed = new HashSet<>();
    // Before the state of the JDK, to which they add.
    private final Loggers loggers = new Loggers();
    private final JdkState jdk = new JdkState();
    private final Set<Thread> threads = new HashSet<>();

    Surroundings() throws ReflectiveOperationException {
        threads.addAll(alive());
    }

    /** Lets tests find files and folders by their names in the working directory. */
    void place(List<String> paths) throws IOException {
        for (String path : paths) {
            Path target = Path.of(path);
            placed.add(Files.createSymbolicLink(temporary.resolve(target.getFileName()), target));
        }
    }

    /** Gives a job streams, properties and defaults that no job has changed. */
    void prepare() {
        System.setIn(InputStream.nullInputStream());
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        System.setProperties(copy(properties));
        Locale.setDefault(locale);
        TimeZone.setDefault(zone);
        Thread.setDefaultUncaughtExceptionHandler(null);
    }

    /** Removes what a job left and returns what cannot be removed, empty if nothing is left. */
    String restore() throws InterruptedException, IllegalAccessException {
        // It could keep from us all that follows.
        if (System.getSecurityManager() != null) {
            return "a security manager";
        }
        for (int waited = 0; !threads.containsAll(alive()); waited++) {
            if (waited == GRACE_MS) {
                return "threads";
            }
            Thread.sleep(1);
        }
        if (ProcessHandle.current().children().findAny().isPresent()) {
            return "processes";
        }
        if (!emptied()) {
            return "files";
        }
        String logger = loggers.restore();
        return logger.isEmpty() ? jdk.changed() : logger;
    }

    /** Returns all threads, those that a test put into other groups than its own included. */
    private static List<Thread> alive() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        while (group.getParent() != null) {
            group = group.getParent();
        }
        Thread[] found = new Thread[group.activeCount() + 16];
        int count = group.enumerate(found);
        while (count == found.length) {
            found = new Thread[2 * found.length];
            count = group.enumerate(found);
        }
        return Arrays.asList(found).subList(0, count);
    }

    private boolean emptied() {
        try (Stream<Path> walk = Files.walk(temporary)) {
            List<Path> left = walk.sorted(Comparator.reverseOrder())
                    .filter(path -> !path.equals(temporary) && !placed.contains(path))
                    .collect(Collectors.toList());
            for (Path path : left) {
                Files.delete(path);
            }
            return placed.stream().allMatch(Files::isSymbolicLink);
        } catch (IOException | RuntimeException error) {
            return false;
        }
    }

    private static Properties copy(Properties properties) {
        Properties copy = new Properties();
        copy.putAll(properties);
        return copy;
    }
}
