package tessera.parse;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A parser for command lines with options such as -v, -o FILE, --output=FILE and --verbose. */
public final class OptionParser {
    private record Option(String name, String help, boolean takesValue) { }

    private final Map<String, Option> options = new LinkedHashMap<>();
    private final Map<Character, String> letters = new LinkedHashMap<>();

    /** Defines an option without a value. */
    public OptionParser flag(char letter, String name, String help) {
        return define(letter, new Option(name, help, false));
    }

    /** Defines an option with a value. */
    public OptionParser value(char letter, String name, String help) {
        return define(letter, new Option(name, help, true));
    }

    private OptionParser define(char letter, Option option) {
        if (options.containsKey(option.name()) || letters.containsKey(letter)) {
            throw new IllegalStateException("option defined twice: " + option.name());
        }
        options.put(option.name(), option);
        letters.put(letter, option.name());
        return this;
    }

    /** Tells whether an option of this name is defined. */
    public boolean knows(String name) {
        return options.containsKey(name);
    }

    /** Returns the name that belongs to a letter, or null. */
    public String nameOf(char letter) {
        return letters.get(letter);
    }

    /** Writes one line of help for each option, in the order of definition. */
    public String usage() {
        StringBuilder out = new StringBuilder();
        letters.forEach((letter, name) -> {
            Option option = options.get(name);
            String spelling = "--" + name + (option.takesValue() ? "=VALUE" : "");
            out.append("  -").append(letter).append(", ").append(spelling);
            out.append("  ").append(option.help()).append('\n');
        });
        return out.toString();
    }

    /** Parses arguments; all that follow "--" are plain arguments. */
    public Result parse(String... arguments) {
        Result result = new Result();
        int i = 0;
        while (i < arguments.length) {
            String argument = arguments[i++];
            String follower = i < arguments.length ? arguments[i] : null;
            if (argument.equals("--")) {
                result.rest.addAll(List.of(arguments).subList(i, arguments.length));
                return result;
            } else if (argument.startsWith("--")) {
                i += parseLong(result, argument.substring(2), follower);
            } else if (argument.startsWith("-") && argument.length() > 1) {
                i += parseLetters(result, argument.substring(1), follower);
            } else {
                result.rest.add(argument);
            }
        }
        return result;
    }

    private int parseLong(Result result, String text, String follower) {
        int equals = text.indexOf('=');
        Option option = find(equals < 0 ? text : text.substring(0, equals));
        if (equals >= 0 && !option.takesValue()) {
            throw new IllegalArgumentException("option takes no value: " + option.name());
        }
        return store(result, option, equals < 0 ? null : text.substring(equals + 1), follower);
    }

    private int parseLetters(Result result, String text, String follower) {
        for (int i = 0; i < text.length(); i++) {
            Option option = find(letters.getOrDefault(text.charAt(i), "-" + text.charAt(i)));
            if (option.takesValue()) {
                return store(result, option, i + 1 < text.length() ? text.substring(i + 1) : null, follower);
            }
            store(result, option, null, null);
        }
        return 0;
    }

    private Option find(String name) {
        if (!knows(name)) {
            throw new IllegalArgumentException("unknown option: " + name);
        }
        return options.get(name);
    }

    private static int store(Result result, Option option, String value, String follower) {
        if (option.takesValue() && value == null && follower == null) {
            throw new IllegalArgumentException("option needs a value: " + option.name());
        }
        String stored = value != null || !option.takesValue() ? value : follower;
        List<String> values = result.values.computeIfAbsent(option.name(), name -> new ArrayList<>());
        values.add(stored == null ? "" : stored);
        return option.takesValue() && value == null ? 1 : 0;
    }

    /** The options and plain arguments of one command line. */
    public static final class Result {
        private final Map<String, List<String>> values = new LinkedHashMap<>();
        private final List<String> rest = new ArrayList<>();

        private Result() { }

        /** Tells whether an option was given. */
        public boolean has(String name) {
            return values.containsKey(name);
        }

        /** Returns how often an option was given. */
        public int count(String name) {
            return all(name).size();
        }

        /** Returns the last value of an option, or null when it was not given. */
        public String get(String name) {
            return has(name) ? all(name).get(count(name) - 1) : null;
        }

        /** Returns the last value of an option as an int, or the fallback when it was not given. */
        public int getInt(String name, int fallback) {
            return has(name) ? Integer.parseInt(get(name)) : fallback;
        }

        /** Returns all values of an option in their order. */
        public List<String> all(String name) {
            return List.copyOf(values.getOrDefault(name, List.of()));
        }

        /** Returns the plain arguments in their order. */
        public List<String> arguments() {
            return List.copyOf(rest);
        }
    }
}
