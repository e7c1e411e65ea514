package tessera.collect;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** A partition of the numbers 0 to n-1 into groups that can be merged quickly (union-find). */
public final class DisjointSets {
    private final int[] parent;
    private final int[] sizes;
    private int groups;

    /** Creates a partition in which each of the numbers 0 to length-1 is alone. */
    public DisjointSets(int length) {
        parent = new int[length];
        sizes = new int[length];
        groups = length;
        for (int i = 0; i < length; i++) {
            parent[i] = i;
            sizes[i] = 1;
        }
    }

    private int root(int element) {
        int root = Objects.checkIndex(element, parent.length);
        while (parent[root] != root) {
            parent[root] = parent[parent[root]];
            root = parent[root];
        }
        return root;
    }

    /** Merges the groups of both elements and tells whether they were apart before. */
    public boolean union(int a, int b) {
        int big = root(a);
        int small = root(b);
        if (big == small) {
            return false;
        }
        if (sizes[big] < sizes[small]) {
            int swap = big;
            big = small;
            small = swap;
        }
        parent[small] = big;
        sizes[big] += sizes[small];
        groups--;
        return true;
    }

    /** Merges the groups of all given elements and returns how many merges were needed. */
    public int unionAll(int... elements) {
        int merges = 0;
        for (int i = 1; i < elements.length; i++) {
            merges += union(elements[0], elements[i]) ? 1 : 0;
        }
        return merges;
    }

    /** Tells whether both elements are in the same group. */
    public boolean connected(int a, int b) {
        return root(a) == root(b);
    }

    /** Returns the number of groups. */
    public int groupCount() {
        return groups;
    }

    /** Returns the number of elements. */
    public int length() {
        return parent.length;
    }

    /** Returns the size of the group that holds the element. */
    public int groupSize(int element) {
        return sizes[root(element)];
    }

    /** Returns the size of the largest group, zero when there are no elements. */
    public int largestGroupSize() {
        int largest = 0;
        for (int i = 0; i < parent.length; i++) {
            largest = Math.max(largest, groupSize(i));
        }
        return largest;
    }

    /** Returns the elements of the group that holds the given element in ascending order. */
    public int[] members(int element) {
        int[] members = new int[groupSize(element)];
        int next = 0;
        for (int i = 0; next < members.length; i++) {
            if (connected(element, i)) {
                members[next++] = i;
            }
        }
        return members;
    }

    /** Returns for each element the smallest member of its group. */
    public int[] labels() {
        int[] labels = new int[parent.length];
        int[] smallest = new int[parent.length];
        for (int i = parent.length - 1; i >= 0; i--) {
            smallest[root(i)] = i;
        }
        for (int i = 0; i < labels.length; i++) {
            labels[i] = smallest[root(i)];
        }
        return labels;
    }

    /** Returns all groups in the order of their smallest members. */
    public List<List<Integer>> groups() {
        Map<Integer, List<Integer>> byLabel = new TreeMap<>();
        int[] labels = labels();
        for (int i = 0; i < labels.length; i++) {
            byLabel.computeIfAbsent(labels[i], key -> new ArrayList<>()).add(i);
        }
        return new ArrayList<>(byLabel.values());
    }

    /** Returns a copy that can be merged without changing this partition. */
    public DisjointSets copy() {
        DisjointSets copy = new DisjointSets(parent.length);
        System.arraycopy(parent, 0, copy.parent, 0, parent.length);
        System.arraycopy(sizes, 0, copy.sizes, 0, sizes.length);
        copy.groups = groups;
        return copy;
    }

    @Override
    public String toString() {
        return groups().toString();
    }
}
