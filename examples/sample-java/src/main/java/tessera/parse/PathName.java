package tessera.parse;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;

/** A path with slashes between its segments, taken as text only: no file is ever looked up. */
public record PathName(boolean absolute, List<String> segments) {
    /** The root directory "/". */
    public static final PathName ROOT = new PathName(true, List.of());

    /** Copies the segments. */
    public PathName {
        segments = List.copyOf(segments);
    }

    /** Parses a path; doubled and trailing slashes do not count. */
    public static PathName parse(String text) {
        List<String> segments = Arrays.stream(text.split("/")).filter(segment -> !segment.isEmpty()).toList();
        boolean absolute = text.startsWith("/");
        return absolute && segments.isEmpty() ? ROOT : new PathName(absolute, segments);
    }

    /** Returns the number of segments. */
    public int depth() {
        return segments.size();
    }

    /** Returns the last segment; empty for the root. */
    public String name() {
        return segments.isEmpty() ? "" : segments.get(segments.size() - 1);
    }

    /** Returns the name without its extension; a leading dot starts no extension. */
    public String stem() {
        int dot = name().lastIndexOf('.');
        return dot <= 0 ? name() : name().substring(0, dot);
    }

    /** Returns what follows the last dot of the name, or null when it has no extension. */
    public String extension() {
        int dot = name().lastIndexOf('.');
        return dot <= 0 ? null : name().substring(dot + 1);
    }

    /** Tells whether the name starts with a dot. */
    public boolean isHidden() {
        return name().startsWith(".") && !name().equals(".") && !name().equals("..");
    }

    /** Returns the path without its last segment, or null when it has none. */
    public PathName parent() {
        return segments.isEmpty() ? null : new PathName(absolute, segments.subList(0, depth() - 1));
    }

    /** Returns a path below this one; an absolute path stands for itself. */
    public PathName resolve(String other) {
        PathName path = parse(other);
        if (path.absolute) {
            return path;
        }
        List<String> joined = new ArrayList<>(segments);
        joined.addAll(path.segments);
        return new PathName(absolute, joined);
    }

    /** Returns the path with another name in the same directory. */
    public PathName sibling(String name) {
        return segments.isEmpty() ? resolve(name) : parent().resolve(name);
    }

    /** Returns the path with another extension; without one when it is empty. */
    public PathName withExtension(String extension) {
        return sibling(extension.isEmpty() ? stem() : stem() + "." + extension);
    }

    /** Removes "." segments and resolves ".." segments where there is something before them. */
    public PathName normalize() {
        Deque<String> kept = new ArrayDeque<>();
        for (String segment : segments) {
            boolean up = segment.equals("..");
            if (up && !kept.isEmpty() && !kept.peekLast().equals("..")) {
                kept.removeLast();
            } else if (!segment.equals(".") && !(up && absolute)) {
                kept.addLast(segment);
            }
        }
        return new PathName(absolute, List.copyOf(kept));
    }

    /** Tells whether this path is the other one or lies below it. */
    public boolean startsWith(PathName other) {
        boolean longEnough = absolute == other.absolute && depth() >= other.depth();
        return longEnough && segments.subList(0, other.depth()).equals(other.segments);
    }

    /** Returns the way from this directory to the other path; both must be absolute or both relative. */
    public PathName relativize(PathName other) {
        if (absolute != other.absolute) {
            throw new IllegalArgumentException("one path is absolute: " + this + ", " + other);
        }
        int common = commonAncestor(other).depth();
        List<String> steps = new ArrayList<>();
        for (int i = common; i < depth(); i++) {
            steps.add("..");
        }
        steps.addAll(other.segments.subList(common, other.depth()));
        return new PathName(false, steps);
    }

    /** Returns the longest path that both start with. */
    public PathName commonAncestor(PathName other) {
        int common = 0;
        while (common < Math.min(depth(), other.depth())
                && segments.get(common).equals(other.segments.get(common))) {
            common++;
        }
        return new PathName(absolute, segments.subList(0, common));
    }

    /** Tells whether the name matches a pattern where * stands for any text and ? for one character. */
    public boolean matches(String glob) {
        StringBuilder regex = new StringBuilder();
        for (char c : glob.toCharArray()) {
            regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
        }
        return name().matches(regex.toString());
    }

    /** Writes the path; the empty relative path is ".". */
    @Override
    public String toString() {
        String text = (absolute ? "/" : "") + String.join("/", segments);
        return text.isEmpty() ? "." : text;
    }
}
