package kdlib.harness;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a statement may name without reaching the JVM's memory, its threads, its settings or other processes.
 *
 * <p>The JDK and test frameworks are shared by jobs, so of them only what is known to be harmless is allowed; all
 * else is the code under test, which is loaded anew for each job.
 */
final class Reach {
    private static final Set<String> PACKAGES = Set.of(
            "java.io", "java.lang", "java.lang.annotation", "java.math", "java.nio", "java.nio.charset",
            "java.nio.file", "java.nio.file.attribute", "java.text", "java.time", "java.time.chrono",
            "java.time.format", "java.time.temporal", "java.util", "java.util.concurrent.atomic",
            "java.util.function", "java.util.regex", "java.util.stream", "java.util.zip", "java.awt.geom",
            "java.sql", "org.w3c.dom", "org.xml.sax");

    private static final Set<String> CLASSES = Set.of(
            "java.awt.Color", "java.awt.Dimension", "java.awt.Point", "java.awt.Rectangle",
            "java.lang.ref.SoftReference", "java.lang.ref.WeakReference", "java.lang.ref.Reference",
            "java.lang.reflect.Array", "java.lang.reflect.InvocationTargetException", "java.lang.reflect.Modifier",
            "java.net.URI", "java.net.URL", "java.net.URISyntaxException", "java.net.MalformedURLException",
            "java.util.concurrent.Callable", "java.util.concurrent.ConcurrentHashMap",
            "java.util.concurrent.ConcurrentMap", "java.util.concurrent.CopyOnWriteArrayList",
            "java.util.concurrent.ExecutionException", "java.util.concurrent.TimeUnit",
            "java.util.concurrent.TimeoutException");

    private static final Set<String> NOT_CLASSES = Set.of(
            "java.io.FileDescriptor", "java.io.ObjectInputStream", "java.io.RandomAccessFile",
            "java.lang.ClassLoader", "java.lang.Compiler", "java.lang.InheritableThreadLocal", "java.lang.Module",
            "java.lang.ModuleLayer", "java.lang.Process", "java.lang.ProcessBuilder", "java.lang.ProcessHandle",
            "java.lang.Runtime", "java.lang.ScopedValue", "java.lang.SecurityManager", "java.lang.StackWalker",
            "java.lang.Thread", "java.lang.ThreadGroup", "java.nio.MappedByteBuffer", "java.nio.file.FileSystem",
            "java.nio.file.FileSystems", "java.nio.file.WatchService", "java.sql.DriverManager",
            "java.util.ServiceLoader", "java.util.Timer", "java.util.TimerTask");

    private static final Set<String> NOT_MEMBERS = Set.of(
            "java.io.FileInputStream.getChannel", "java.io.FileInputStream.getFD",
            "java.io.FileOutputStream.getChannel", "java.io.FileOutputStream.getFD",
            "java.net.URL.getContent", "java.net.URL.openConnection", "java.net.URL.openStream",
            "java.net.URL.setURLStreamHandlerFactory", "java.nio.file.Files.newByteChannel",
            "java.util.Collection.parallelStream", "java.util.Locale.setDefault",
            "java.util.ResourceBundle.clearCache", "java.util.TimeZone.setDefault",
            "java.util.stream.BaseStream.parallel", "java.util.stream.StreamSupport.stream");

    /** Of these classes no other members. */
    private static final Map<String, Set<String>> MEMBERS = Map.of(
            "java.lang.Class", Set.of(
                    "cast", "desiredAssertionStatus", "equals", "getCanonicalName", "getComponentType",
                    "getEnumConstants", "getInterfaces", "getModifiers", "getName", "getPackageName", "getResource",
                    "getResourceAsStream", "getSimpleName", "getSuperclass", "getTypeName", "hashCode",
                    "isAnnotationPresent", "isArray", "isAssignableFrom", "isEnum", "isInstance", "isInterface",
                    "isPrimitive", "toString", "class"),
            "java.lang.System", Set.of(
                    "arraycopy", "currentTimeMillis", "err", "gc", "getProperty", "getenv", "identityHashCode",
                    "lineSeparator", "nanoTime", "out"));

    private static final List<String> FRAMEWORKS = List.of(
            "org.junit.", "junit.", "org.hamcrest.", "org.opentest4j.", "org.apiguardian.", "org.assertj.",
            "org.mockito.", "net.bytebuddy.", "org.objenesis.");

    private static final Pattern CHECKS = Pattern.compile(
            "org\\.junit\\.(Assert|Assume|AssumptionViolatedException|ComparisonFailure)"
                    + "|org\\.junit\\.(function|rules|jupiter\\.api(\\.function)?)\\.\\w+"
                    + "|junit\\.framework\\.\\w+"
                    + "|org\\.hamcrest(\\.(core|collection|number|text|object|beans|io|comparator))?\\.\\w+"
                    + "|org\\.opentest4j\\.\\w+"
                    + "|org\\.assertj\\.core\\.(api|data|condition|groups|description)(\\.\\w+)*"
                    + "|org\\.mockito\\.\\w+|org\\.mockito\\.(stubbing|verification|hamcrest)\\.\\w+");

    /** Names of what changes the settings of a framework for all who come after. */
    private static final Pattern SETTINGS =
            Pattern.compile("(set|use|register|configure|add|remove|allow|install|define|enable|disable)([A-Z].*)?|framework|mockitoSession");

    private Reach() {}

    /**
     * Returns whether a statement may name a class or a member of it.
     *
     * @param inJdk whether the class belongs to the JDK
     * @param inPackage its package
     * @param owner its name, with dots
     * @param member a field or method; empty for the class itself, {@code <init>} for a constructor
     * @param isStatic whether the member is static
     */
    static boolean isHarmless(boolean inJdk, String inPackage, String owner, String member, boolean isStatic) {
        if (!inJdk) {
            return FRAMEWORKS.stream().noneMatch(owner::startsWith)
                    || CHECKS.matcher(owner).matches() && !(isStatic && SETTINGS.matcher(member).matches());
        }
        if (!(PACKAGES.contains(inPackage) || CLASSES.contains(owner)) || isWithin(owner)) {
            return false;
        }
        Set<String> only = MEMBERS.get(owner);
        boolean parallel = owner.equals("java.util.Arrays") && member.startsWith("parallel");
        return (only == null || member.isEmpty() || only.contains(member))
                && !parallel
                && !NOT_MEMBERS.contains(owner + "." + member);
    }

    /** Returns whether a class is one of those that reach too far, or stands in one. */
    private static boolean isWithin(String owner) {
        return NOT_CLASSES.stream().anyMatch(name -> owner.equals(name) || owner.startsWith(name + "."));
    }
}
