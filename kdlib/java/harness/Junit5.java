import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs one method with the JUnit 5 of a class path, against which it is compiled. */
public final class Junit5 implements BiFunction<Class<?>, String, Object> {
    /** Returns null if the method passes, its failure, or a text that says why it did not run. */
    @Override
    public Object apply(Class<?> test, String method) {
        List<DiscoverySelector> selectors = new ArrayList<>();
        for (Class<?> owner = test; owner != null; owner = owner.getSuperclass()) {
            for (Method each : owner.getDeclaredMethods()) {
                if (each.getName().equals(method)) {
                    selectors.add(selectMethod(test, each));
                }
            }
        }
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request().selectors(selectors).build();
        First first = new First();
        LauncherFactory.create().execute(request, first);
        if (first.failure != null) {
            return first.failure;
        }
        if (first.skipped != null) {
            return "skipped: " + first.skipped;
        }
        return first.ran ? null : "no test " + method + " in " + test.getName();
    }

    /** Remembers the first failure, of a test or of what surrounds it. */
    private static final class First implements TestExecutionListener {
        private Throwable failure;
        private String skipped;
        private boolean ran;

        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            skipped = reason;
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            ran |= test.isTest() && result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
            if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
                skipped = result.getThrowable().map(String::valueOf).orElse("assumption failed");
            } else if (result.getStatus() == TestExecutionResult.Status.FAILED && failure == null) {
                failure = result.getThrowable().orElseGet(() -> new AssertionError("failed without a reason"));
            }
        }
    }
}
