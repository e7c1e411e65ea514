package tessera.parse;

import java.util.Collection;
import java.util.Collections;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A version number as in Semantic Versioning 2.0: major.minor.patch[-prerelease][+build]. */
public record SemanticVersion(int major, int minor, int patch, String preRelease, String build)
        implements Comparable<SemanticVersion> {
    private static final String NUMBER = "(0|[1-9][0-9]{0,8})";
    private static final String WORDS = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
    private static final Pattern FORMAT = Pattern.compile(
            "v?" + NUMBER + "\\." + NUMBER + "\\." + NUMBER + "(?:-(" + WORDS + "))?(?:\\+(" + WORDS + "))?");

    /** Checks that no part is negative; a missing label is the empty string. */
    public SemanticVersion {
        if (major < 0 || minor < 0 || patch < 0) {
            throw new IllegalArgumentException("negative version number");
        }
        preRelease = preRelease == null ? "" : preRelease;
        build = build == null ? "" : build;
    }

    /** Returns a version without labels. */
    public static SemanticVersion of(int major, int minor, int patch) {
        return new SemanticVersion(major, minor, patch, "", "");
    }

    /** Parses a version, with or without a leading "v". */
    public static SemanticVersion parse(String text) {
        SemanticVersion version = tryParse(text);
        if (version == null) {
            throw new IllegalArgumentException("no semantic version: " + text);
        }
        return version;
    }

    /** Parses a version, or returns null when the text is none. */
    public static SemanticVersion tryParse(String text) {
        Matcher m = FORMAT.matcher(text);
        if (!m.matches()) {
            return null;
        }
        int major = Integer.parseInt(m.group(1));
        int minor = Integer.parseInt(m.group(2));
        int patch = Integer.parseInt(m.group(3));
        return new SemanticVersion(major, minor, patch, m.group(4), m.group(5));
    }

    /** Returns the highest of some versions, or null when there are none. */
    public static SemanticVersion latest(Collection<SemanticVersion> versions) {
        return versions.isEmpty() ? null : Collections.max(versions);
    }

    /** Tells whether the version has a pre-release label. */
    public boolean isPreRelease() {
        return !preRelease.isEmpty();
    }

    /** Tells whether the version is a release of at least 1.0.0. */
    public boolean isStable() {
        return major > 0 && !isPreRelease();
    }

    /** Returns the next major version. */
    public SemanticVersion nextMajor() {
        return of(major + 1, 0, 0);
    }

    /** Returns the next minor version. */
    public SemanticVersion nextMinor() {
        return of(major, minor + 1, 0);
    }

    /** Returns the next patch; for a pre-release this is the release it leads to. */
    public SemanticVersion nextPatch() {
        return isPreRelease() ? release() : of(major, minor, patch + 1);
    }

    /** Returns the version without labels; this very version when it has none. */
    public SemanticVersion release() {
        return preRelease.isEmpty() && build.isEmpty() ? this : of(major, minor, patch);
    }

    /** Returns a copy with another pre-release label. */
    public SemanticVersion withPreRelease(String label) {
        return new SemanticVersion(major, minor, patch, label, build);
    }

    /** Returns a copy with another build label. */
    public SemanticVersion withBuild(String label) {
        return new SemanticVersion(major, minor, patch, preRelease, label);
    }

    /** Returns the numbers as an array of three. */
    public int[] numbers() {
        return new int[] {major, minor, patch};
    }

    /** Tells whether this version comes after another one. */
    public boolean isNewerThan(SemanticVersion other) {
        return compareTo(other) > 0;
    }

    /** Tells whether code for the other version works with this one: not older, and no breaking change. */
    public boolean isCompatibleWith(SemanticVersion other) {
        boolean sameLine = major == other.major && (major > 0 || minor == other.minor);
        return sameLine && compareTo(other) >= 0;
    }

    /** Names the leftmost difference: "major", "minor", "patch", "prerelease" or "none". */
    public String difference(SemanticVersion other) {
        if (major != other.major) {
            return "major";
        }
        if (minor != other.minor) {
            return "minor";
        }
        return patch != other.patch ? "patch" : preRelease.equals(other.preRelease) ? "none" : "prerelease";
    }

    /** Compares by precedence; build labels do not count. */
    @Override
    public int compareTo(SemanticVersion other) {
        int order = Integer.compare(major, other.major);
        order = order != 0 ? order : Integer.compare(minor, other.minor);
        order = order != 0 ? order : Integer.compare(patch, other.patch);
        if (order != 0 || preRelease.equals(other.preRelease)) {
            return order;
        }
        if (!isPreRelease() || !other.isPreRelease()) {
            return isPreRelease() ? -1 : 1;
        }
        return compareLabels(preRelease.split("\\."), other.preRelease.split("\\."));
    }

    private static int compareLabels(String[] left, String[] right) {
        for (int i = 0; i < Math.min(left.length, right.length); i++) {
            boolean number = left[i].matches("[0-9]+");
            if (number != right[i].matches("[0-9]+")) {
                return number ? -1 : 1;
            }
            int order = number ? Integer.compare(left[i].length(), right[i].length()) : 0;
            order = order != 0 ? order : left[i].compareTo(right[i]);
            if (order != 0) {
                return Integer.signum(order);
            }
        }
        return Integer.compare(left.length, right.length);
    }

    @Override
    public String toString() {
        String labels = (preRelease.isEmpty() ? "" : "-" + preRelease) + (build.isEmpty() ? "" : "+" + build);
        return major + "." + minor + "." + patch + labels;
    }
}
