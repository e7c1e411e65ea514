package tessera.collect;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects "this before that" constraints and puts the items into an order that satisfies them all. */
public final class TopologicalOrder<T> {
    /** Thrown when the constraints contradict each other. */
    public static final class CycleException extends IllegalStateException {
        private static final long serialVersionUID = 1L;
        private final transient List<?> items;

        private CycleException(List<?> items) {
            super("items depend on each other: " + items);
            this.items = items;
        }

        /** Returns the items that could not be ordered. */
        public List<?> items() {
            return items;
        }
    }

    private final Map<T, Set<T>> requirements = new LinkedHashMap<>();

    /** Adds an item without constraints and returns this. */
    public TopologicalOrder<T> item(T item) {
        requirements.computeIfAbsent(item, key -> new LinkedHashSet<>());
        return this;
    }

    /** Demands that the first item comes before the second one and returns this. */
    public TopologicalOrder<T> before(T first, T second) {
        item(first);
        item(second);
        requirements.get(second).add(first);
        return this;
    }

    /** Demands that the items come in exactly this relative order and returns this. */
    @SafeVarargs
    public final TopologicalOrder<T> chain(T... items) {
        for (int i = 1; i < items.length; i++) {
            before(items[i - 1], items[i]);
        }
        return items.length == 1 ? item(items[0]) : this;
    }

    /** Returns all items in an order that satisfies every constraint; free choices follow insertion order. */
    public List<T> sorted() {
        List<T> order = new ArrayList<>();
        layers().forEach(order::addAll);
        return order;
    }

    /** Returns the items in layers: each item only requires items of earlier layers. */
    public List<List<T>> layers() {
        List<List<T>> layers = new ArrayList<>();
        Set<T> done = new LinkedHashSet<>();
        while (done.size() < requirements.size()) {
            List<T> layer = ready(done);
            if (layer.isEmpty()) {
                throw new CycleException(missing(done));
            }
            layers.add(layer);
            done.addAll(layer);
        }
        return layers;
    }

    /** Returns the items not yet done whose requirements are all done. */
    public List<T> ready(Set<T> done) {
        List<T> ready = missing(done);
        ready.removeIf(item -> !done.containsAll(requirements.get(item)));
        return ready;
    }

    private List<T> missing(Set<T> done) {
        List<T> missing = new ArrayList<>(requirements.keySet());
        missing.removeAll(done);
        return missing;
    }

    /** Returns the items that the given item directly requires. */
    public Set<T> requirementsOf(T item) {
        return Collections.unmodifiableSet(requirements.getOrDefault(item, Set.of()));
    }

    /** Returns everything the item requires directly or through other items. */
    public Set<T> allRequirementsOf(T item) {
        Set<T> found = new LinkedHashSet<>(requirementsOf(item));
        List<T> open = new ArrayList<>(found);
        for (int i = 0; i < open.size(); i++) {
            for (T next : requirementsOf(open.get(i))) {
                if (found.add(next)) {
                    open.add(next);
                }
            }
        }
        return found;
    }

    /** Tells whether some items require each other in a circle. */
    public boolean hasCycle() {
        return requirements.keySet().stream().anyMatch(item -> allRequirementsOf(item).contains(item));
    }

    /** Tells whether the given order satisfies every constraint and holds every item exactly once. */
    public boolean accepts(List<T> order) {
        if (order.size() != requirements.size() || !requirements.keySet().containsAll(order)) {
            return false;
        }
        Set<T> done = new LinkedHashSet<>();
        return order.stream().allMatch(item -> done.containsAll(requirementsOf(item)) && done.add(item));
    }

    /** Returns the number of items. */
    public int size() {
        return requirements.size();
    }
}
