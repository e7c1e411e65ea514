package kdlib.harness;

/** A failure on one line. */
final class Described {
    private static final int LONGEST = 500;
    private static final int DEEPEST = 50; // a cause may be its own

    private Described() {}

    /** Returns type, message and the line of the test class, or else of its top frame. */
    static String failure(Throwable failure, String testClass) {
        StringBuilder out = new StringBuilder(failure.toString());
        Throwable cause = root(failure);
        // Of these the cause alone says what went wrong.
        if (cause != failure && failure instanceof LinkageError) {
            out.append(", caused by ").append(cause);
        }
        StackTraceElement place = null;
        for (StackTraceElement frame : cause.getStackTrace()) {
            if (frame.getClassName().equals(testClass)) {
                place = frame;
                break;
            }
        }
        String where = place == null ? "" : " (" + place.getFileName() + ":" + place.getLineNumber() + ")";
        String line = oneLine(out.toString());
        int room = LONGEST - where.length();
        return (line.length() > room ? line.substring(0, room) : line) + where;
    }

    /** Returns a text on one line, cut. */
    static String oneLine(String text) {
        String start = text.length() > LONGEST ? text.substring(0, LONGEST) : text;
        return start.replaceAll("\\s+", " ").trim();
    }

    /** Returns whether the JVM itself failed; what it was initialising may then be broken for good. */
    static boolean ofTheJvm(Throwable failure) {
        Throwable each = failure;
        for (int depth = 0; each != null && depth < DEEPEST; depth++, each = each.getCause()) {
            if (each instanceof VirtualMachineError) {
                return true;
            }
        }
        return false;
    }

    private static Throwable root(Throwable failure) {
        Throwable root = failure;
        for (int depth = 0; root.getCause() != null && depth < DEEPEST; depth++) {
            root = root.getCause();
        }
        return root;
    }
}
