package tessera.collect;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;

/** A one-to-one map that can be read in both directions; neither keys nor values may be null. */
public final class BiMap<K, V> {
    private final Map<K, V> forward;
    private final Map<V, K> backward;
    private BiMap<V, K> inverse;

    /** Creates an empty map. */
    public BiMap() {
        this(new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    private BiMap(Map<K, V> forward, Map<V, K> backward) {
        this.forward = forward;
        this.backward = backward;
    }

    /** Creates a map with the entries of the source, whose values must be distinct. */
    public static <K, V> BiMap<K, V> copyOf(Map<? extends K, ? extends V> source) {
        BiMap<K, V> result = new BiMap<>();
        source.forEach(result::put);
        return result;
    }

    /** Binds key and value, returning the former value or null; fails when another key owns the value. */
    public V put(K key, V value) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        K owner = backward.get(value);
        if (owner != null && !owner.equals(key)) {
            throw new IllegalArgumentException("value " + value + " is already bound to " + owner);
        }
        return bind(key, value);
    }

    /** Binds key and value, evicting any other key that owns the value; returns the former value or null. */
    public V forcePut(K key, V value) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        K owner = backward.get(value);
        if (owner != null && !owner.equals(key)) {
            forward.remove(owner);
        }
        return bind(key, value);
    }

    private V bind(K key, V value) {
        V former = forward.put(key, value);
        if (former != null) {
            backward.remove(former);
        }
        backward.put(value, key);
        return former;
    }

    /** Returns the value bound to the key, or null. */
    public V get(K key) {
        return forward.get(key);
    }

    /** Returns the key bound to the value, or null. */
    public K keyOf(V value) {
        return backward.get(value);
    }

    /** Returns the value bound to the key and fails when there is none. */
    public V require(K key) {
        V value = forward.get(key);
        if (value == null) {
            throw new NoSuchElementException("no value for key " + key);
        }
        return value;
    }

    /** Removes the key and returns the value it was bound to, or null. */
    public V remove(K key) {
        V value = forward.remove(key);
        if (value != null) {
            backward.remove(value);
        }
        return value;
    }

    /** Tells whether the key is bound. */
    public boolean containsKey(K key) {
        return forward.containsKey(key);
    }

    /** Tells whether some key is bound to the value. */
    public boolean containsValue(V value) {
        return backward.containsKey(value);
    }

    /** Returns a live view with keys and values exchanged; the inverse of the inverse is this map. */
    public BiMap<V, K> inverse() {
        if (inverse == null) {
            inverse = new BiMap<>(backward, forward);
            inverse.inverse = this;
        }
        return inverse;
    }

    /** Returns an unmodifiable live view of the keys. */
    public Set<K> keys() {
        return Collections.unmodifiableSet(forward.keySet());
    }

    /** Returns an unmodifiable live view of the values. */
    public Set<V> values() {
        return Collections.unmodifiableSet(backward.keySet());
    }

    /** Returns the number of entries. */
    public int size() {
        return forward.size();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof BiMap<?, ?> that && forward.equals(that.forward);
    }

    @Override
    public int hashCode() {
        return forward.hashCode();
    }

    @Override
    public String toString() {
        StringJoiner joiner = new StringJoiner(", ", "{", "}");
        forward.forEach((key, value) -> joiner.add(key + " <-> " + value));
        return joiner.toString();
    }
}
