package tessera.collect;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.closeTo;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.Assert.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.Test;

public class LruCacheTest {
    private final List<String> evicted = new ArrayList<>();
    private final LruCache<String, Integer> cache =
        new LruCache<>(3, (key, value) -> evicted.add(key + value));

    private void fill(String... keys) {
        for (String key : keys) {
            cache.put(key, key.length());
        }
    }

    @Test
    public void storesAndFindsValues() {
        fill("one", "three");
        assertThat(cache.get("one"), is(Optional.of(3)));
        assertThat(cache.get("three"), is(Optional.of(5)));
        assertThat(cache.get("two"), equalTo(Optional.empty()));
        assertThat(cache.get("one").isPresent(), is(true));
    }

    @Test
    public void putReturnsTheFormerValue() {
        assertThat(cache.put("key", 1), nullValue());
        assertThat(cache.put("key", 2), is(1));
        assertThat(cache.put("key", 3), is(equalTo(2)));
        assertThat(cache.size(), is(1));
    }

    @Test
    public void dropsTheOldestEntry() {
        fill("a", "bb", "ccc", "dddd");
        assertThat(cache.keysByAge(), contains("bb", "ccc", "dddd"));
        assertThat(cache.contains("a"), is(false));
        assertThat(cache.contains("dddd"), is(true));
        assertThat(evicted, contains("a1"));
    }

    @Test
    public void lookingUpRefreshesAnEntry() {
        fill("a", "b", "c");
        cache.get("a");
        assertThat(cache.keysByAge(), contains("b", "c", "a"));
        cache.put("b", 9);
        assertThat(cache.keysByAge(), contains("c", "a", "b"));
        cache.put("d", 1);
        assertThat(cache.keysByAge(), not(hasItem("c")));
        assertThat(evicted, hasItem("c1"));
    }

    @Test
    public void containsDoesNotRefresh() {
        fill("x", "y", "z");
        cache.contains("x");
        assertThat(cache.keysByAge().get(0), is("x"));
        assertThat(cache.hits() + cache.misses(), is(0));
    }

    @Test
    public void loaderRunsOnlyOnce() {
        assertThat(cache.get("word", String::length), is(4));
        assertThat(cache.get("word", key -> -1), is(4));
        assertThat(cache.get("longer", key -> key.length() * 10), is(60));
        assertThat(cache.keysByAge(), hasSize(2));
    }

    @Test
    public void loaderMustNotReturnNull() {
        assertThrows(NullPointerException.class, () -> cache.get("key", key -> null));
        assertThat(cache.size(), equalTo(0));
    }

    @Test
    public void statisticsCountHitsAndMisses() {
        fill("a", "b");
        cache.get("a");
        cache.get("b");
        cache.get("a");
        cache.get("nope");
        assertThat(cache.hits(), is(3));
        assertThat(cache.misses(), is(1));
        assertThat(cache.hitRatio(), closeTo(0.75, 1e-9));
    }

    @Test
    public void hitRatioStartsAtZero() {
        assertThat(cache.hitRatio(), is(0.0));
        cache.get("missing");
        assertThat(cache.hitRatio(), closeTo(0.0, 0.0));
        assertThat("only misses so far", cache.misses(), greaterThan(cache.hits()));
    }

    @Test
    public void shrinkingEvictsTheOldestEntries() {
        fill("p", "qq", "rrr");
        cache.resize(1);
        assertThat(evicted, contains("p1", "qq2"));
        assertThat(cache.keysByAge(), contains("rrr"));
        assertThat("capacity after shrinking", cache.capacity(), is(1));
    }

    @Test
    public void growingKeepsEverything() {
        fill("p", "q", "r");
        cache.resize(5);
        fill("s", "t");
        assertThat(cache.size(), lessThanOrEqualTo(cache.capacity()));
        assertThat(cache.keysByAge(), hasSize(5));
        assertThat(evicted, is(empty()));
    }

    @Test
    public void capacityMustBePositive() {
        assertThrows(IllegalArgumentException.class, () -> new LruCache<String, String>(0));
        Exception e = assertThrows(IllegalArgumentException.class, () -> cache.resize(-4));
        assertThat(e.getMessage(), containsString("-4"));
        assertThat(cache.capacity(), is(3));
    }

    @Test
    public void invalidateIsNotAnEviction() {
        fill("gone");
        assertThat(cache.invalidate("gone"), is(4));
        assertThat(cache.invalidate("gone"), is(nullValue()));
        assertThat("listener was called", evicted, empty());
    }

    @Test
    public void clearResetsEverything() {
        fill("a", "b");
        cache.get("a");
        cache.clear();
        assertThat("hits after clear", cache.hits(), is(0));
        assertThat("size after clear", cache.size(), is(0));
        assertThat(cache.keysByAge(), empty());
    }

    @Test
    public void textShowsFillLevelAndEntries() {
        assertThat(cache.toString(), is("LruCache(0/3){}"));
        fill("ab");
        assertThat(cache.toString(), is("LruCache(1/3){ab=2}"));
        assertThat(new LruCache<Long, Long>(64).toString(), startsWith("LruCache(0/64)"));
    }
}
