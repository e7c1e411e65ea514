package kdlib.harness;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Map;

/** How a test ended; made in its thread. */
final class Outcome {
    // Got before a test may set a security manager that forbids it.
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final String status;
    private final String message;
    private final boolean asserted;
    private final double cpuSeconds;
    /** Whether the JVM itself failed; what it was initialising may then be broken for good. */
    final boolean brokeJvm;

    private Outcome(String status, String message, boolean asserted, boolean brokeJvm) {
        this.status = status;
        this.message = message;
        this.asserted = asserted;
        this.brokeJvm = brokeJvm;
        this.cpuSeconds = THREADS.getCurrentThreadCpuTime() / 1e9;
    }

    /** Loads what outcomes need. */
    static void prepare() {
        passed();
    }

    static Outcome passed() {
        return new Outcome("passed", "", false, false);
    }

    /** Returns the outcome of a test that did not run. */
    static Outcome failed(String message) {
        return new Outcome("failed", message, false, false);
    }

    static Outcome failed(Throwable failure, String testClass) {
        String message;
        try {
            message = Described.failure(failure, testClass);
        } catch (Throwable again) {
            // Its text is code of the test, too.
            message = failure.getClass().getName();
        }
        return new Outcome("failed", message, isOfCheck(failure), Described.ofTheJvm(failure));
    }

    /** Returns whether a check failed; JUnit 4 wraps what is not the exception that a test expects. */
    private static boolean isOfCheck(Throwable failure) {
        boolean wrapped = failure.getClass() == Exception.class;
        return failure instanceof AssertionError || wrapped && failure.getCause() instanceof AssertionError;
    }

    static Outcome timedOut(String message) {
        return new Outcome("timed_out", message, false, false);
    }

    Map<String, Object> answer(String spent) {
        return Map.of(
                "status", status, "message", message, "asserted", asserted, "cpuSeconds", cpuSeconds, "spent", spent);
    }
}
