package kdlib.harness;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Collections;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;

/** Loggers of the JDK, which all tests of a JVM share by their names. */
final class Loggers {
    // Made before the first test, since it adds a shutdown hook: else the first test of each JVM that logs, as all
    // with JUnit 5 do, would seem to have added one.
    private final LogManager manager = LogManager.getLogManager();
    private final Level level = manager.getLogger("").getLevel();
    private final Handler[] handlers;

    Loggers() {
        // The handler that is made now keeps the stream that it finds.
        PrintStream before = System.err;
        System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        handlers = manager.getLogger("").getHandlers();
        System.setErr(before);
    }

    /**
     * Puts levels back and returns a logger to which a test has given more, or an empty text.
     *
     * <p>It calls nothing of a test: what a test has made is found and left where it is.
     */
    String restore() {
        for (String name : Collections.list(manager.getLoggerNames())) {
            Logger logger = manager.getLogger(name);
            if (logger == null) {
                continue; // Nobody holds it any more.
            }
            boolean root = name.isEmpty();
            if (logger.getClass().getClassLoader() != null
                    || logger.getFilter() != null
                    || !same(logger.getHandlers(), root ? handlers : new Handler[0])) {
                return "the logger " + name;
            }
            if (logger.getLevel() != (root ? level : null)) {
                logger.setLevel(root ? level : null);
            }
            logger.setUseParentHandlers(true);
        }
        return "";
    }

    private static boolean same(Handler[] some, Handler[] others) {
        for (int i = 0; i < some.length && i < others.length; i++) {
            if (some[i] != others[i]) {
                return false;
            }
        }
        return some.length == others.length;
    }
}
