package kdlib.harness;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;

/** Whether a test has set what the JDK keeps for all of a JVM and gives no way to take back. */
final class JdkState {
    /** Static fields; of a collection its content counts, else which object it is. */
    private static final String[] FIELDS = {
        "java.lang.ApplicationShutdownHooks.hooks",
        "java.lang.management.ManagementFactory.platformMBeanServer",
        "java.net.Authenticator.theAuthenticator",
        "java.net.CookieHandler.cookieHandler",
        "java.net.DatagramSocket.factory",
        "java.net.HttpURLConnection.followRedirects",
        "java.net.ProxySelector.theProxySelector",
        "java.net.ResponseCache.theResponseCache",
        "java.net.ServerSocket.factory",
        "java.net.Socket.factory",
        "java.net.URL.factory",
        "java.net.URLConnection.defaultAllowUserInteraction",
        "java.net.URLConnection.defaultCaching",
        "java.net.URLConnection.defaultUseCaches",
        "java.net.URLConnection.factory",
        "java.net.URLConnection.fileNameMap",
        "java.security.Security.props",
        "javax.net.ssl.HttpsURLConnection.defaultHostnameVerifier",
        "javax.net.ssl.HttpsURLConnection.defaultSSLSocketFactory",
        "javax.net.ssl.SSLContext.defaultContext",
        "sun.security.jca.Providers.providerList",
    };

    private final List<Field> fields = new ArrayList<>();
    private final Map<Field, Object> before = new HashMap<>();

    JdkState() throws ReflectiveOperationException {
        for (String name : FIELDS) {
            int dot = name.lastIndexOf('.');
            Class<?> owner = Class.forName(name.substring(0, dot));
            try {
                Field field = owner.getDeclaredField(name.substring(dot + 1));
                field.setAccessible(true);
                fields.add(field);
                before.put(field, value(field));
            } catch (NoSuchFieldException error) {
                // Another JDK has no such thing to set.
            }
        }
    }

    /** Returns a field that a test has set, or an empty text. */
    String changed() throws IllegalAccessException {
        for (Field field : fields) {
            if (!Objects.equals(before.get(field), value(field))) {
                return field.getDeclaringClass().getName() + "." + field.getName();
            }
        }
        return "";
    }

    private static Object value(Field field) throws IllegalAccessException {
        Object value = field.get(null);
        if (value instanceof Properties) {
            return value.hashCode();
        }
        return value instanceof Map ? (Object) ((Map<?, ?>) value).size() : value;
    }
}
