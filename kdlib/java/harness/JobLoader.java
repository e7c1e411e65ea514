package kdlib.harness;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.Map;

/** The classes of one job before those of the class path: no job sees the static state of another. */
final class JobLoader extends URLClassLoader {
    private final Map<String, byte[]> classes;

    JobLoader(Map<String, byte[]> classes, URL[] classPath, ClassLoader frameworks) {
        super(classPath, frameworks);
        this.classes = classes;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        byte[] code = classes.get(name);
        if (code == null) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            return known == null ? defineClass(name, code, 0, code.length) : known;
        }
    }
}
