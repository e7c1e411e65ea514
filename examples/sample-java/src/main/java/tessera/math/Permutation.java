package tessera.math;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** An immutable rearrangement of the indices 0 to n - 1. */
public final class Permutation {

    private final int[] images;

    private Permutation(int[] images) {
        this.images = images;
    }

    /** Returns the permutation that sends each index i to images[i]. */
    public static Permutation of(int... images) {
        boolean[] seen = new boolean[images.length];
        for (int image : images) {
            if (image < 0 || image >= images.length || seen[image]) {
                throw new IllegalArgumentException("not a permutation: " + Arrays.toString(images));
            }
            seen[image] = true;
        }
        return new Permutation(images.clone());
    }

    /** Returns the permutation of the given size that moves nothing. */
    public static Permutation identity(int size) {
        int[] images = new int[size];
        Arrays.setAll(images, i -> i);
        return new Permutation(images);
    }

    /** Returns the permutation of the given size that swaps a and b. */
    public static Permutation swap(int size, int a, int b) {
        Permutation result = identity(size);
        result.images[a] = b;
        result.images[b] = a;
        return result;
    }

    /** Returns the permutation of the given size that sends i to i + distance, wrapping around. */
    public static Permutation rotation(int size, int distance) {
        int[] images = new int[size];
        Arrays.setAll(images, i -> Math.floorMod(i + distance, size));
        return new Permutation(images);
    }

    /** Returns the number of indices. */
    public int size() {
        return images.length;
    }

    /** Returns the index to which the given index is sent. */
    public int apply(int index) {
        return images[index];
    }

    /** Returns a new list in which the item of index i stands at index apply(i). */
    public <T> List<T> permute(List<T> items) {
        if (items.size() != images.length) {
            throw new IllegalArgumentException("expected " + images.length + " items, got " + items.size());
        }
        List<T> result = new ArrayList<>(items);
        for (int i = 0; i < images.length; i++) {
            result.set(images[i], items.get(i));
        }
        return result;
    }

    /** Returns the permutation that applies this one first and then the next one. */
    public Permutation then(Permutation next) {
        if (next.size() != size()) {
            throw new IllegalArgumentException("sizes differ: " + size() + " and " + next.size());
        }
        int[] result = new int[images.length];
        Arrays.setAll(result, i -> next.images[images[i]]);
        return new Permutation(result);
    }

    /** Returns the permutation that undoes this one. */
    public Permutation inverse() {
        int[] result = new int[images.length];
        for (int i = 0; i < images.length; i++) {
            result[images[i]] = i;
        }
        return new Permutation(result);
    }

    /** Returns true if no index is moved. */
    public boolean isIdentity() {
        return fixedPoints().length == images.length;
    }

    /** Returns the indices that are not moved, in ascending order. */
    public int[] fixedPoints() {
        int[] fixed = new int[images.length];
        int count = 0;
        for (int i = 0; i < images.length; i++) {
            if (images[i] == i) {
                fixed[count++] = i;
            }
        }
        return Arrays.copyOf(fixed, count);
    }

    /** Returns the cycles of two or more indices, each starting with its smallest index. */
    public List<List<Integer>> cycles() {
        List<List<Integer>> cycles = new ArrayList<>();
        boolean[] seen = new boolean[images.length];
        for (int start = 0; start < images.length; start++) {
            List<Integer> cycle = new ArrayList<>();
            for (int i = start; !seen[i]; i = images[i]) {
                seen[i] = true;
                cycle.add(i);
            }
            if (cycle.size() > 1) {
                cycles.add(cycle);
            }
        }
        return cycles;
    }

    /** Returns true if the permutation is a product of an even number of swaps. */
    public boolean isEven() {
        int swaps = 0;
        for (List<Integer> cycle : cycles()) {
            swaps += cycle.size() - 1;
        }
        return swaps % 2 == 0;
    }

    /** Returns the images of all indices as a new array. */
    public int[] toArray() {
        return images.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Permutation that && Arrays.equals(images, that.images);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(images);
    }

    @Override
    public String toString() {
        return Arrays.toString(images);
    }
}
