package kdlib.harness;

import java.lang.reflect.Field;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Whether the settings of frameworks are those of a JVM in which no test has run. */
final class FrameworkState {
    /** Of Mockito's mocks: it has no settings, but remembers in many fields what it has generated. */
    private static final String GENERATOR = "net.bytebuddy.";

    private final Frameworks frameworks;
    /** Loads the same classes for no test. */
    private final Frameworks pristine;
    private final sun.misc.Unsafe unsafe;
    private final List<Watched> watched = new ArrayList<>();
    private final List<Class<?>> uninitialised = new ArrayList<>();
    private int known;

    FrameworkState(Frameworks frameworks, URL[] jars) throws ReflectiveOperationException {
        this.frameworks = frameworks;
        this.pristine = new Frameworks(jars);
        Field only = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        only.setAccessible(true);
        this.unsafe = (sun.misc.Unsafe) only.get(null);
    }

    /** Returns a field that a test has set, or an empty text. */
    String changed() {
        List<Class<?>> added = frameworks.after(known);
        known += added.size();
        added.stream().filter(each -> !each.getName().startsWith(GENERATOR)).forEach(uninitialised::add);
        uninitialised.removeIf(this::isWatchedNow);
        for (Watched each : watched) {
            String field = each.changed();
            if (!field.isEmpty()) {
                return field;
            }
        }
        return "";
    }

    /** Asks without initialising the class, which would run its code at another time than in a JVM of its own. */
    private boolean isWatchedNow(Class<?> loaded) {
        if (unsafe.shouldBeInitialized(loaded)) {
            return false;
        }
        try {
            List<Field> fields = State.fields(loaded);
            if (!fields.isEmpty()) {
                watched.add(new Watched(loaded, fields, before(loaded)));
            }
        } catch (ReflectiveOperationException | LinkageError error) {
            // A class that needs a library which is not there has no state that a test could reach.
        }
        return true;
    }

    /** Returns the state of a class that has been initialised for no test, as it would be for one. */
    private Map<String, Object> before(Class<?> loaded) throws ReflectiveOperationException {
        Thread thread = Thread.currentThread();
        ClassLoader own = thread.getContextClassLoader();
        // JUnit 5 looks there for what it works with.
        thread.setContextClassLoader(pristine);
        try {
            Class<?> same = Class.forName(loaded.getName(), true, pristine);
            return State.of(same, State.fields(same));
        } finally {
            thread.setContextClassLoader(own);
        }
    }

    private static final class Watched {
        private final Class<?> owner;
        private final List<Field> fields;
        private final Map<String, Object> before;

        Watched(Class<?> owner, List<Field> fields, Map<String, Object> before) {
            this.owner = owner;
            this.fields = fields;
            this.before = before;
        }

        String changed() {
            try {
                Map<String, Object> now = State.of(owner, fields);
                if (now.equals(before)) {
                    return "";
                }
                for (Map.Entry<String, Object> each : now.entrySet()) {
                    if (!before.containsKey(each.getKey()) || !java.util.Objects.equals(before.get(each.getKey()), each.getValue())) {
                        return owner.getName() + "." + each.getKey();
                    }
                }
                return owner.getName();
            } catch (IllegalAccessException error) {
                throw new AssertionError(error);
            }
        }
    }
}
