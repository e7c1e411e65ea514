import java.util.function.BiFunction;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.Request;
import org.junit.runner.Result;
import org.junit.runner.manipulation.Filter;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

/** Runs one method with the JUnit 4 of a class path, against which it is compiled. */
public final class Junit4 implements BiFunction<Class<?>, String, Object> {
    /** Returns null if the method passes, its failure, or a text that says why it did not run. */
    @Override
    public Object apply(Class<?> test, String method) {
        JUnitCore core = new JUnitCore();
        Assumed assumed = new Assumed();
        core.addListener(assumed);
        Result result = core.run(Request.aClass(test).filterWith(new Only(method)));
        if (!result.wasSuccessful()) {
            return result.getFailures().get(0).getException();
        }
        if (result.getIgnoreCount() > 0) {
            return "skipped: the test is ignored";
        }
        if (assumed.failure != null) {
            return "skipped: an assumption failed: " + assumed.failure;
        }
        return result.getRunCount() > 0 ? null : "no test " + method + " in " + test.getName();
    }

    /** Remembers a failed assumption, after which JUnit counts a test as run. */
    private static final class Assumed extends RunListener {
        private String failure;

        @Override
        public void testAssumptionFailure(Failure failure) {
            this.failure = String.valueOf(failure.getMessage());
        }
    }

    /** Lets a method through, with all its parameters where a class has some. */
    private static final class Only extends Filter {
        private final String method;

        Only(String method) {
            this.method = method;
        }

        @Override
        public boolean shouldRun(Description description) {
            if (!description.isTest()) {
                return description.getChildren().stream().anyMatch(this::shouldRun);
            }
            String name = description.getMethodName();
            return name != null && (name.equals(method) || name.startsWith(method + "["));
        }

        @Override
        public String describe() {
            return method;
        }
    }
}
