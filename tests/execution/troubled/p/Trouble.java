package p;

import java.lang.management.ManagementFactory;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.CookieManager;
import java.net.HttpURLConnection;
import java.net.ProxySelector;
import java.security.Permission;
import java.security.Provider;
import java.security.Security;
import java.util.Locale;
import java.util.TimeZone;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.ForkJoinPool;
import java.util.logging.ConsoleHandler;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.management.ObjectName;
import javax.management.StandardMBean;
import org.assertj.core.api.Assertions;
import org.assertj.core.presentation.HexadecimalRepresentation;

/** Code under test that changes what a JVM shares, as real projects do. */
public class Trouble {
    private static final Logger LOGGER = Logger.getLogger("p");

    private final String name = "a";

    public static int limit() {
        return 10;
    }

    public static String half() {
        return String.format("%.1f", 0.5);
    }

    public static Trouble made() {
        return new Trouble();
    }

    public static int factory() {
        Handlers.set();
        return 1;
    }

    public static int locale() {
        Locale.setDefault(Locale.GERMANY);
        return 1;
    }

    public static int zone() {
        TimeZone.setDefault(TimeZone.getTimeZone("Asia/Tokyo"));
        return 1;
    }

    public static int laterLocale() {
        return later(Trouble::locale);
    }

    public static int laterZone() {
        return later(Trouble::zone);
    }

    public static int laterProperty() {
        return later(() -> System.setProperty("left", "x"));
    }

    /** Works on for two seconds, in a thread that belongs to no test. */
    private static int later(Runnable work) {
        ThreadGroup root = Thread.currentThread().getThreadGroup();
        while (root.getParent() != null) {
            root = root.getParent();
        }
        Runnable often = () -> {
            for (int i = 0; i < 2000; i++) {
                work.run();
                try {
                    Thread.sleep(1);
                } catch (InterruptedException e) {
                    return;
                }
            }
        };
        Thread thread = new Thread(root, often);
        thread.setDaemon(true);
        thread.start();
        return 1;
    }

    public static int timer() {
        TimerTask task = new TimerTask() {
            @Override
            public void run() {
                locale();
            }
        };
        new Timer(true).schedule(task, 5, 1);
        return 1;
    }

    public static int pool() {
        ForkJoinPool.commonPool().submit(() -> {
            while (true) {
                locale();
            }
        });
        return 1;
    }

    public static int extraction() {
        Assertions.setAllowExtractingPrivateFields(false);
        return 1;
    }

    public static int representation() {
        Assertions.useRepresentation(new HexadecimalRepresentation());
        return 1;
    }

    public static int manager() {
        System.setSecurityManager(new SecurityManager() {
            @Override
            public void checkPermission(Permission asked) {
            }

            @Override
            public void checkCreateClassLoader() {
                throw new SecurityException("no");
            }
        });
        return 1;
    }

    public static int redirects() {
        HttpURLConnection.setFollowRedirects(false);
        return 1;
    }

    public static int authenticator() {
        Authenticator.setDefault(new Authenticator() {});
        return 1;
    }

    public static int proxies() {
        ProxySelector.setDefault(null);
        return 1;
    }

    public static int cookies() {
        CookieHandler.setDefault(new CookieManager());
        return 1;
    }

    public static int provider() {
        Security.insertProviderAt(new Provider("Own", "1", "own") {}, 1);
        return 1;
    }

    public static int beans() throws Exception {
        Runnable one = () -> {};
        ManagementFactory.getPlatformMBeanServer()
                .registerMBean(new StandardMBean(one, Runnable.class, false), new ObjectName("p:type=One"));
        return 1;
    }

    public static int hook() {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {}));
        return 1;
    }

    public static int silence() {
        Logger.getLogger("p").setLevel(Level.OFF);
        Logger.getLogger("").setLevel(Level.OFF);
        return 1;
    }

    public static int handler() {
        LOGGER.addHandler(new ConsoleHandler());
        LOGGER.setUseParentHandlers(false);
        return 1;
    }

    /** Returns what its logger is like where nobody has changed it. */
    public static String logging() {
        boolean logs = LOGGER.isLoggable(Level.INFO);
        return logs + " " + LOGGER.getHandlers().length + " " + LOGGER.getUseParentHandlers();
    }
}
