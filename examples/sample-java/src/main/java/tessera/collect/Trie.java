package tessera.collect;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A set of words stored as a prefix tree, made for completion and longest-prefix look-ups. */
public final class Trie {
    private static final class Node {
        private final Map<Character, Node> children = new TreeMap<>();
        private boolean word;
    }

    private final Node root = new Node();
    private int size;

    /** Creates a trie with the given words. */
    public static Trie of(String... words) {
        Trie trie = new Trie();
        trie.addAll(List.of(words));
        return trie;
    }

    /** Adds the word and tells whether it was new. */
    public boolean add(String word) {
        Node node = root;
        for (char c : word.toCharArray()) {
            node = node.children.computeIfAbsent(c, key -> new Node());
        }
        boolean added = !node.word;
        node.word = true;
        size += added ? 1 : 0;
        return added;
    }

    /** Adds all words and returns how many of them were new. */
    public int addAll(Collection<String> words) {
        int before = size;
        words.forEach(this::add);
        return size - before;
    }

    /** Removes the word together with branches nobody needs any more; tells whether it was present. */
    public boolean remove(String word) {
        if (!contains(word)) {
            return false;
        }
        prune(root, word, 0);
        size--;
        return true;
    }

    private static boolean prune(Node node, String word, int depth) {
        if (depth == word.length()) {
            node.word = false;
        } else if (prune(node.children.get(word.charAt(depth)), word, depth + 1)) {
            node.children.remove(word.charAt(depth));
        }
        return !node.word && node.children.isEmpty();
    }

    private Node find(String prefix) {
        Node node = root;
        for (int i = 0; i < prefix.length() && node != null; i++) {
            node = node.children.get(prefix.charAt(i));
        }
        return node;
    }

    /** Tells whether exactly this word was added. */
    public boolean contains(String word) {
        Node node = find(word);
        return node != null && node.word;
    }

    /** Tells whether some word starts with the prefix. */
    public boolean hasPrefix(String prefix) {
        Node node = find(prefix);
        return node != null && (node.word || !node.children.isEmpty());
    }

    /** Returns the words that start with the prefix in alphabetical order. */
    public List<String> complete(String prefix) {
        List<String> words = new ArrayList<>();
        Node node = find(prefix);
        if (node != null) {
            collect(node, new StringBuilder(prefix), words);
        }
        return words;
    }

    private static void collect(Node node, StringBuilder path, List<String> words) {
        if (node.word) {
            words.add(path.toString());
        }
        node.children.forEach((letter, child) -> {
            path.append(letter.charValue());
            collect(child, path, words);
            path.setLength(path.length() - 1);
        });
    }

    /** Returns the longest word that the text starts with, or null when there is none. */
    public String longestPrefixOf(String text) {
        Node node = root;
        int best = root.word ? 0 : -1;
        for (int i = 0; i < text.length(); i++) {
            node = node.children.get(text.charAt(i));
            if (node == null) {
                break;
            }
            best = node.word ? i + 1 : best;
        }
        return best < 0 ? null : text.substring(0, best);
    }

    /** Returns the longest prefix that all words share. */
    public String commonPrefix() {
        StringBuilder prefix = new StringBuilder();
        Node node = root;
        while (!node.word && node.children.size() == 1) {
            Map.Entry<Character, Node> only = node.children.entrySet().iterator().next();
            prefix.append(only.getKey().charValue());
            node = only.getValue();
        }
        return prefix.toString();
    }

    /** Returns the number of words. */
    public int size() {
        return size;
    }

    /** Returns the length of the longest word. */
    public int depth() {
        return complete("").stream().mapToInt(String::length).max().orElse(0);
    }

    @Override
    public String toString() {
        return complete("").toString();
    }
}
