package tessera.collect;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** A bounded cache that drops the least recently used entry when it grows beyond its capacity. */
public final class LruCache<K, V> {
    private final LinkedHashMap<K, V> entries = new LinkedHashMap<>(16, 0.75f, true);
    private final BiConsumer<? super K, ? super V> onEvict;
    private int capacity;
    private int hits;
    private int misses;

    /** Creates a cache for at most the given number of entries. */
    public LruCache(int capacity) {
        this(capacity, (key, value) -> { });
    }

    /** Creates a cache that reports each evicted entry to the listener. */
    public LruCache(int capacity, BiConsumer<? super K, ? super V> onEvict) {
        this.capacity = checkCapacity(capacity);
        this.onEvict = Objects.requireNonNull(onEvict, "onEvict");
    }

    private static int checkCapacity(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity must be positive: " + capacity);
        }
        return capacity;
    }

    /** Stores the value as the most recently used entry and returns the former value or null. */
    public V put(K key, V value) {
        V former = entries.put(key, Objects.requireNonNull(value, "value"));
        evictDownTo(capacity);
        return former;
    }

    /** Returns the cached value, marking it as used and counting a hit or a miss. */
    public Optional<V> get(K key) {
        V value = entries.get(key);
        if (value == null) {
            misses++;
        } else {
            hits++;
        }
        return Optional.ofNullable(value);
    }

    /** Returns the cached value, or computes and stores it when it is missing. */
    public V get(K key, Function<? super K, ? extends V> loader) {
        Optional<V> cached = get(key);
        if (cached.isPresent()) {
            return cached.get();
        }
        V loaded = Objects.requireNonNull(loader.apply(key), "loaded value");
        put(key, loaded);
        return loaded;
    }

    /** Tells whether the key is cached, without marking it as used. */
    public boolean contains(K key) {
        return entries.containsKey(key);
    }

    /** Removes the entry without telling the listener and returns its value or null. */
    public V invalidate(K key) {
        return entries.remove(key);
    }

    /** Changes the capacity, evicting the oldest entries when the cache has to shrink. */
    public void resize(int newCapacity) {
        capacity = checkCapacity(newCapacity);
        evictDownTo(capacity);
    }

    private void evictDownTo(int limit) {
        while (entries.size() > limit) {
            Map.Entry<K, V> eldest = entries.entrySet().iterator().next();
            K key = eldest.getKey();
            V value = eldest.getValue();
            entries.remove(key);
            onEvict.accept(key, value);
        }
    }

    /** Returns the keys from the least to the most recently used one. */
    public List<K> keysByAge() {
        return new ArrayList<>(entries.keySet());
    }

    /** Returns the number of cached entries. */
    public int size() {
        return entries.size();
    }

    /** Returns the greatest number of entries the cache will hold. */
    public int capacity() {
        return capacity;
    }

    /** Returns how many look-ups found their key. */
    public int hits() {
        return hits;
    }

    /** Returns how many look-ups did not find their key. */
    public int misses() {
        return misses;
    }

    /** Returns the share of look-ups that found their key, or zero before the first look-up. */
    public double hitRatio() {
        int total = hits + misses;
        return total == 0 ? 0.0 : (double) hits / total;
    }

    /** Removes all entries and resets the statistics; the listener is not told. */
    public void clear() {
        entries.clear();
        hits = 0;
        misses = 0;
    }

    @Override
    public String toString() {
        return "LruCache(" + entries.size() + "/" + capacity + ")" + entries;
    }
}
