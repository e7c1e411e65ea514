package kdlib.harness;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * Runs tests that nobody trusts, one after another, in a JVM that the sandbox holds.
 *
 * <p>Reads requests from a socket (see {@link Channel}) and answers each with a line:
 *
 * <pre>
 * first:  {"classPath": [path, ...], "adapters": {binary name: class file in base64},
 *          "beside": [path of a file or folder to find in the working directory, ...],
 *          "apart": whether it runs a single job that nothing else depends on}
 * answer: {"status": "ready"}
 * job:    {"classes": as adapters, "adapter": Junit4 or Junit5, "testClass", "method",
 *          "seconds": wall time, "cpuSeconds": the thread's processor time, or null}
 * answer: {"status": passed, failed or timed_out, "message", "asserted": whether it failed by an AssertionError,
 *          "cpuSeconds": what its thread took, "spent": why this JVM should run no more}
 * </pre>
 */
final class RunJobs {
    /** Jars with these hold no code under test: they are loaded once, all else anew for each job. */
    private static final List<String> FRAMEWORKS = List.of(
            "org/junit/", "junit/framework/", "org/hamcrest/", "org/opentest4j/", "org/apiguardian/",
            "org/assertj/", "org/mockito/", "net/bytebuddy/", "org/objenesis/");

    private static final long LOOK_MILLIS = 50;

    private final Surroundings surroundings = new Surroundings();
    private final Map<String, BiFunction<Class<?>, String, Object>> adapters = new HashMap<>();
    private final Frameworks frameworks;
    /** Null where one job runs apart. */
    private final FrameworkState state;
    private final URL[] classPath;

    private RunJobs(List<String> paths, Map<String, byte[]> adapters, boolean apart) throws Exception {
        List<URL> once = new ArrayList<>();
        List<URL> anew = new ArrayList<>();
        for (String path : paths) {
            (isFramework(path) ? once : anew).add(url(path));
        }
        classPath = anew.toArray(new URL[0]);
        URL[] jars = once.toArray(new URL[0]);
        frameworks = new Frameworks(jars);
        state = apart ? null : new FrameworkState(frameworks, jars);
        ClassLoader loader = new JobLoader(adapters, new URL[0], frameworks);
        for (String name : adapters.keySet()) {
            Class<?> adapter = loader.loadClass(name);
            if (BiFunction.class.isAssignableFrom(adapter)) {
                this.adapters.put(name, created(adapter));
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        Channel channel = new Channel(arguments[0]);
        Map<String, Object> first = channel.request();
        RunJobs jobs = new RunJobs(texts(first.get("classPath")), decoded(first.get("adapters")), (Boolean) first.get("apart"));
        Outcome.prepare();
        jobs.surroundings.place(texts(first.get("beside")));
        channel.answer(Map.of("status", "ready"));
        for (Map<String, Object> job = channel.request(); job != null; job = channel.request()) {
            channel.answer(jobs.run(job));
        }
        // A test may have left threads that would keep the JVM.
        Runtime.getRuntime().halt(0);
    }

    private Map<String, Object> run(Map<String, Object> job) throws Exception {
        String testClass = (String) job.get("testClass");
        BiFunction<Class<?>, String, Object> adapter = adapters.get(job.get("adapter"));
        JobLoader loader = new JobLoader(decoded(job.get("classes")), classPath, frameworks);
        AtomicReference<Outcome> outcome = new AtomicReference<>();
        surroundings.prepare();
        Thread thread = new Thread(
                new ThreadGroup("job"), () -> outcome.set(run(loader, adapter, testClass, (String) job.get("method"))), "main");
        thread.setContextClassLoader(loader);
        thread.start();
        String late = awaited(thread, (Double) job.get("seconds"), (Double) job.get("cpuSeconds"));
        Outcome ended = outcome.get();
        if (ended == null) {
            return Outcome.timedOut("not ended within " + late).answer("a thread");
        }
        String spent = ended.brokeJvm ? "memory" : surroundings.restore();
        if (spent.isEmpty()) {
            loader.close();
            spent = state == null ? "" : state.changed();
        }
        return ended.answer(spent);
    }

    /** Waits for a thread until it ends or a limit is reached; returns which. */
    private static String awaited(Thread thread, double seconds, Double cpuSeconds) {
        long began = System.nanoTime();
        // Until then it cannot have taken so much.
        join(thread, (long) (1000 * (cpuSeconds == null ? seconds : Math.min(seconds, cpuSeconds))));
        while (cpuSeconds != null && thread.isAlive() && System.nanoTime() - began < 1e9 * seconds) {
            if (ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.getId()) >= 1e9 * cpuSeconds) {
                return cpuSeconds + " s of processor time";
            }
            join(thread, LOOK_MILLIS);
        }
        return seconds + " s";
    }

    /** Waits for a thread, whoever interrupts: a test may, and whether it finds this waiting would be chance. */
    private static void join(Thread thread, long millis) {
        long end = System.nanoTime() + 1_000_000 * millis;
        for (long left = millis; left > 0 && thread.isAlive(); left = (end - System.nanoTime()) / 1_000_000) {
            try {
                thread.join(left);
            } catch (InterruptedException ignored) {
                // The flag is down again, and the rest of the time is left.
            }
        }
        // Else the next answer would close its channel.
        Thread.interrupted();
    }

    private static Outcome run(
            ClassLoader loader, BiFunction<Class<?>, String, Object> adapter, String testClass, String method) {
        try {
            Object found = adapter.apply(loader.loadClass(testClass), method);
            if (found instanceof Throwable) {
                return Outcome.failed((Throwable) found, testClass);
            }
            return found == null ? Outcome.passed() : Outcome.failed(Described.oneLine((String) found));
        } catch (Throwable failure) {
            return Outcome.failed(failure, testClass);
        }
    }

    private static boolean isFramework(String path) throws IOException {
        if (!path.endsWith(".jar")) {
            return false;
        }
        try (JarFile jar = new JarFile(path)) {
            return jar.stream().map(JarEntry::getName).anyMatch(name -> FRAMEWORKS.stream().anyMatch(name::startsWith));
        }
    }

    private static URL url(String path) throws MalformedURLException {
        return new File(path).toURI().toURL();
    }

    @SuppressWarnings("unchecked")
    private static BiFunction<Class<?>, String, Object> created(Class<?> adapter) throws ReflectiveOperationException {
        return (BiFunction<Class<?>, String, Object>) adapter.getDeclaredConstructor().newInstance();
    }

    @SuppressWarnings("unchecked")
    private static List<String> texts(Object value) {
        return (List<String>) value;
    }

    private static Map<String, byte[]> decoded(Object classes) {
        Map<String, byte[]> decoded = new HashMap<>();
        ((Map<?, ?>) classes).forEach((name, code) -> decoded.put((String) name, Base64.getDecoder().decode((String) code)));
        return decoded;
    }
}
