package tessera.collect;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.junit.Assert.fail;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.Test;

public class TopologicalOrderTest {
    private static TopologicalOrder<String> dressing() {
        return new TopologicalOrder<String>()
            .before("socks", "shoes")
            .before("trousers", "shoes")
            .before("trousers", "belt")
            .before("shirt", "jacket");
    }

    private static TopologicalOrder<Integer> circle() {
        return new TopologicalOrder<Integer>().chain(1, 2, 3, 1).before(3, 4).item(5);
    }

    @Test
    public void sorted_chain() {
        assertEquals(Arrays.asList(3, 1, 2), new TopologicalOrder<Integer>().chain(3, 1, 2).sorted());
        assertEquals(Arrays.asList(8, 9), new TopologicalOrder<Integer>().before(8, 9).sorted());
        assertEquals(Arrays.asList('x'), new TopologicalOrder<Character>().chain('x').sorted());
    }

    @Test
    public void sorted_withoutConstraintsKeepsInsertionOrder() {
        assertEquals(Arrays.asList("q", "p"), new TopologicalOrder<String>().item("q").item("p").sorted());
        assertEquals(Collections.emptyList(), new TopologicalOrder<String>().sorted());
    }

    @Test
    public void sorted_satisfiesEveryConstraint() {
        List<String> order = dressing().sorted();
        assertTrue(order.indexOf("socks") < order.indexOf("shoes"));
        assertTrue(order.indexOf("trousers") < order.indexOf("belt"));
        assertTrue(dressing().accepts(order));
        assertEquals(dressing().size(), order.size());
    }

    @Test
    public void sorted_cycle() {
        try {
            circle().sorted();
            fail("1, 2 and 3 form a circle");
        } catch (TopologicalOrder.CycleException e) {
            assertEquals(Arrays.asList(1, 2, 3, 4), e.items());
            assertEquals("items depend on each other: [1, 2, 3, 4]", e.getMessage());
        }
    }

    @Test
    public void layers_groupIndependentItems() {
        List<List<String>> layers = dressing().layers();
        assertEquals(Arrays.asList("socks", "trousers", "shirt"), layers.get(0));
        assertEquals(Arrays.asList("shoes", "belt", "jacket"), layers.get(1));
        assertEquals(2, layers.size());
    }

    @Test
    public void layers_ofAChainHaveOneItemEach() {
        TopologicalOrder<Integer> chain = new TopologicalOrder<Integer>().chain(1, 2, 3);
        assertEquals("[[1], [2], [3]]", chain.layers().toString());
        chain.before(1, 3);
        assertEquals("[[1], [2], [3]]", chain.layers().toString());
        assertThrows(TopologicalOrder.CycleException.class, () -> chain.before(3, 2).layers());
    }

    @Test
    public void ready_dependsOnWhatIsDone() {
        assertEquals(List.of("socks", "trousers", "shirt"), dressing().ready(Set.of()));
        assertEquals(List.of("socks", "belt", "shirt"), dressing().ready(Set.of("trousers")));
        assertTrue(dressing().ready(new HashSet<>(dressing().sorted())).isEmpty());
    }

    @Test
    public void ready_worksDespiteCycles() {
        assertEquals(List.of(5), circle().ready(Collections.emptySet()));
        assertEquals(List.of(), circle().ready(Collections.singleton(5)));
    }

    @Test
    public void requirementsOf_listsDirectRequirements() {
        TopologicalOrder<String> order = dressing();
        assertEquals(Set.of("socks", "trousers"), order.requirementsOf("shoes"));
        assertEquals(Set.of("shirt"), order.requirementsOf("jacket"));
        assertTrue(order.requirementsOf("shirt").isEmpty());
        assertNotNull(order.requirementsOf("unheard of"));
    }

    @Test
    public void allRequirementsOf_isTransitive() {
        TopologicalOrder<Character> order = new TopologicalOrder<Character>().chain('a', 'b', 'c', 'd');
        assertEquals(Set.of('a', 'b', 'c'), order.allRequirementsOf('d'));
        assertEquals(Set.of('a'), order.allRequirementsOf('b'));
        assertNotEquals(order.requirementsOf('c'), order.allRequirementsOf('c'));
        assertEquals(0, order.allRequirementsOf('a').size());
    }

    @Test
    public void allRequirementsOf_insideACycleIncludesTheItem() {
        assertTrue(circle().allRequirementsOf(1).contains(1));
        assertFalse(circle().allRequirementsOf(4).contains(4));
        assertEquals(new HashSet<>(List.of(1, 2, 3)), circle().allRequirementsOf(4));
    }

    @Test
    public void hasCycle() {
        assertTrue(circle().hasCycle());
        assertFalse(dressing().hasCycle());
        assertTrue(new TopologicalOrder<String>().before("self", "self").hasCycle());
        assertTrue("closed by a second constraint", dressing().before("shoes", "socks").hasCycle());
    }

    @Test
    public void accepts_checksOrderAndCompleteness() {
        TopologicalOrder<String> abc = new TopologicalOrder<String>().before("a", "c").item("b");
        assertTrue(abc.accepts(List.of("a", "b", "c")));
        assertTrue(abc.accepts(List.of("b", "a", "c")));
        assertFalse("c before a", abc.accepts(List.of("c", "b", "a")));
        assertFalse("b missing", abc.accepts(List.of("a", "c")));
        assertFalse("a twice", abc.accepts(List.of("a", "a", "c")));
    }

    @Test
    public void builderMethodsReturnThis() {
        TopologicalOrder<String> order = new TopologicalOrder<>();
        assertSame(order, order.item("a"));
        assertSame(order, order.before("a", "b"));
        assertSame(order, order.chain("a", "b", "c"));
    }

    @Test
    public void size_countsDistinctItems() {
        assertEquals(5, circle().size());
        assertEquals(6, dressing().item("shoes").size());
        assertEquals(6 + 1, dressing().item("hat").size());
    }
}
