package kdlib.harness;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The settings that static fields of a class hold: primitive values, texts, enums, the classes of other objects
 * and the sizes of collections, through objects of the same loader to a small depth.
 */
final class State {
    private static final int DEEPEST = 3;

    private final Map<String, Object> values = new HashMap<>();
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    private State() {}

    /** Returns the values of a class by the names of the fields that lead to them. */
    static Map<String, Object> of(Class<?> owner, List<Field> fields) throws IllegalAccessException {
        State state = new State();
        for (Field field : fields) {
            state.add(field.getName(), field.get(null), owner.getClassLoader(), DEEPEST);
        }
        return state.values;
    }

    /** Returns the static fields that may hold a setting; those that fill up with use are no settings. */
    static List<Field> fields(Class<?> owner) {
        List<Field> found = new ArrayList<>();
        for (Field field : owner.getDeclaredFields()) {
            boolean constant = Modifier.isFinal(field.getModifiers()) && isValue(field.getType());
            if (Modifier.isStatic(field.getModifiers()) && !constant && isSetting(field)) {
                field.setAccessible(true);
                found.add(field);
            }
        }
        return found;
    }

    private static boolean isSetting(Field field) {
        String name = field.getName().toLowerCase(java.util.Locale.ROOT);
        String type = field.getType().getName();
        boolean used = name.contains("cache") || name.contains("sequencenumber");
        return !used && !type.contains("Logger") && !type.contains("Cache") && !type.contains("ThreadLocal");
    }

    private static boolean isValue(Class<?> type) {
        return type.isPrimitive() || type == String.class || type == Class.class || type.isEnum();
    }

    private void add(String path, Object value, ClassLoader loader, int depth) throws IllegalAccessException {
        if (value == null || value instanceof String || value instanceof Number || value instanceof Boolean
                || value instanceof Character) {
            values.put(path, value);
        } else if (value instanceof Enum) {
            values.put(path, ((Enum<?>) value).name());
        } else if (value instanceof Class) {
            values.put(path, ((Class<?>) value).getName());
        } else if (isOfTest(value, loader)) {
            // Not asked for its size, which would run the code of a test.
            values.put(path, value.getClass().getName());
        } else if (value instanceof Collection) {
            values.put(path, ((Collection<?>) value).size());
        } else if (value instanceof Map) {
            values.put(path, ((Map<?, ?>) value).size());
        } else if (value.getClass().isArray()) {
            values.put(path, Array.getLength(value));
        } else {
            values.put(path, name(value.getClass()));
            if (depth > 0 && value.getClass().getClassLoader() == loader && seen.add(value)) {
                addFields(path, value, loader, depth - 1);
            }
        }
    }

    private static boolean isOfTest(Object value, ClassLoader loader) {
        ClassLoader own = value.getClass().getClassLoader();
        return own != null && own != loader && own != ClassLoader.getPlatformClassLoader();
    }

    /** Returns what a class is called but for numbers: a JVM counts lambdas and proxies as they come. */
    private static String name(Class<?> type) {
        if (Proxy.isProxyClass(type)) {
            return Arrays.toString(type.getInterfaces());
        }
        return type.isHidden() ? type.getName().replaceFirst("\\$\\$Lambda.*", "") : type.getName();
    }

    private void addFields(String path, Object value, ClassLoader loader, int depth) throws IllegalAccessException {
        for (Class<?> type = value.getClass(); type != null && type.getClassLoader() == loader; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && isSetting(field)) {
                    field.setAccessible(true);
                    add(path + "." + field.getName(), field.get(value), loader, depth);
                }
            }
        }
    }
}
