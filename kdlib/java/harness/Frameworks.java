package kdlib.harness;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;

/** Loads the jars of test frameworks once for all jobs, and remembers their classes that have a state. */
final class Frameworks extends URLClassLoader {
    private final List<Class<?>> loaded = new ArrayList<>();

    Frameworks(URL[] jars) {
        super(jars, ClassLoader.getPlatformClassLoader());
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        Class<?> found = super.findClass(name);
        synchronized (loaded) {
            loaded.add(found);
        }
        return found;
    }

    /** Returns the classes that were loaded after the first {@code known}, in this order. */
    List<Class<?>> after(int known) {
        synchronized (loaded) {
            return List.copyOf(loaded.subList(known, loaded.size()));
        }
    }
}
