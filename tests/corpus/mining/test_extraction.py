"""Assertions of the usual frameworks and libraries, and of modern Java: which are found, what they test."""

from __future__ import annotations

import pytest

from tests.corpus.mining.checks import check

MAIN, TEST = "src/main/java/shop/Cart.java", "src/test/java/shop/CartTest.java"
CART = """package shop;
import java.util.*;
public class Cart {
    private final List<String> items = new ArrayList<>();
    private final String owner;
    public Cart() { this("nobody"); }
    public Cart(String owner) { this.owner = Objects.requireNonNull(owner); }
    public static Cart of(String... items) { return new Cart().addAll(items); }
    Cart addAll(String... more) { items.addAll(List.of(more)); return this; }
    public Cart add(String item) { items.add(item); return this; }
    public Cart add(String item, int times) { for (int n = 0; n < times; n++) add(item); return this; }
    public int size() { return items.size(); }
    public boolean isEmpty() { return items.isEmpty(); }
    public String owner() { return owner; }
    public List<String> items() { return items; }
    public void clear() { items.clear(); }
    public double total(double... prices) { return Arrays.stream(prices).sum(); }
    public <T extends Comparable<T>> T largest(List<T> all) { return Collections.max(all); }
    public Line line(int at) { return new Line(items.get(at), at); }
    public record Line(String item, int at) {
        public Line { if (at < 0) throw new IllegalArgumentException(); }
        public Line(String item) { this(item, 0); }
        public String label() { return at + item; }
    }
    public static class Stock { public int left(String item) { return 1; } }
    public enum Size {
        SMALL { @Override public int litres() { return 1; } },
        LARGE { @Override public int litres() { return 9; } };
        public abstract int litres();
        public boolean fits(Cart cart) { return cart.size() <= litres(); }
    }
    public sealed interface Price permits Fixed, Free { int cents(); }
    public record Fixed(int cents) implements Price { }
    public record Free() implements Price { public int cents() { return 0; } }
}
"""
JUNIT3 = """package shop;
import junit.framework.*;
public class CartTest extends ShopTestCase {
    private Cart cart;
    public CartTest(String name) { super(name); }
    public static Test suite() { assertNotNull(Cart.of()); return new TestSuite(CartTest.class); }
    protected void setUp() { cart = new Cart("me"); }
    public void testSize() { cart.add("tea"); assertEquals("one", 1, cart.size()); }
    public void testOwner() { this.assertEquals("me", cart.owner()); super.assertNotNull(cart); }
    public void testFails() {
        try { new Cart(null); fail("null"); } catch (NullPointerException e) { assertNull(e.getMessage()); }
    }
    public void testClear() {
        cart.clear(); Assert.assertTrue(cart.isEmpty()); failNotEquals("m", 1, 2); assertEmpty();
    }
    public int testNumber() { assertTrue(cart.isEmpty()); return 1; }
    public void testOf(int number) { assertTrue(cart.isEmpty()); }
    private void assertEmpty() { assertEquals(0, cart.size()); }
}"""
SHOP_TEST_CASE = """package shop;
public abstract class ShopTestCase extends junit.framework.TestCase {
    public ShopTestCase(String name) { super(name); }
    public void testNothing() { assertTrue(Cart.of().isEmpty()); }
}"""
JUNIT4 = """package shop;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.*;
import static org.junit.Assert.*;
import org.junit.*;
import org.junit.experimental.theories.*;
@RunWith(Theories.class)
public class CartTest {
    @Rule public ExpectedException rule = ExpectedException.none();
    @DataPoints public static int[] times = {1, 2};
    private Cart cart;
    @Before public void prepare() { cart = Cart.of("tea"); assertNotNull(cart); }
    @Test public void counts() {
        Assert.assertEquals(1, cart.size());
        org.junit.Assert.assertFalse(cart.isEmpty());
    }
    @Test(expected = NullPointerException.class) public void noOwner() { new Cart(null); fail(); }
    @Test(timeout = 10) public void holds() {
        assertThat(cart.items(), hasItem("tea"));
        MatcherAssert.assertThat("why", cart.owner(), is(not(equalTo("me"))));
    }
    @Theory public void many(int n) {
        Assume.assumeTrue(n > 0);
        assertThat(cart.add("x", n).size(), greaterThan(n));
    }
    @Test public void array() { assertArrayEquals(new String[] {"tea"}, cart.items().toArray()); }
    @Test public void rule() { rule.expect(NullPointerException.class); new Cart(null); }
    @Ignore @Test public void thrown() {
        Throwable thrown = assertThrows(NullPointerException.class, () -> cart.add(null));
        assertNull(thrown.getMessage());
    }
    @After public void after() { assertNotNull(cart); }
}"""
JUNIT5 = """package shop;
import static org.junit.jupiter.api.Assertions.*;
import org.junit.jupiter.api.*;
import org.junit.jupiter.params.*;
import org.junit.jupiter.params.provider.*;
class CartTest {
    Cart cart;
    @BeforeEach void prepare() { cart = new Cart(); }
    @Nested class WhenFull {
        @BeforeEach void fill() { cart.add("tea"); }
        @Test void one() { assertEquals(1, cart.size()); }
        @Nested class AndCleared { @Test void none() { cart.clear(); assertTrue(cart.isEmpty()); } }
    }
    @ParameterizedTest @ValueSource(ints = {1, 2})
    void times(int n) { assertEquals(n, cart.add("a", n).size()); }
    @ParameterizedTest(name = "{0}") @MethodSource("owners")
    void owner(String owner, int length) {
        assertEquals(length, new Cart(owner).owner().length(), () -> "of " + owner);
    }
    static Stream<Arguments> owners() { return Stream.of(Arguments.of("a", 1)); }
    @RepeatedTest(3) void repeated() { Assertions.assertSame(cart, cart.add("a")); }
    @Test void all() {
        assertAll("cart",
            () -> assertTrue(cart.isEmpty()),
            () -> { int n = cart.size(); assertEquals(0, n); });
    }
    @Test void kept() {
        var e = assertThrows(NullPointerException.class, () -> cart.add("a", 1));
        assertNull(e.getMessage());
        e = assertThrowsExactly(NullPointerException.class, () -> cart.add(null));
        assertEquals("item", e.getMessage());
    }
    @Test void within() {
        int n = assertTimeout(Duration.ofSeconds(1), () -> cart.size());
        assertEquals(0, n);
        org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(ofSeconds(1), () -> { cart.clear(); });
    }
    @TestFactory List<DynamicTest> dynamic() {
        return List.of(DynamicTest.dynamicTest("b", () -> { assertTrue(cart.isEmpty()); }));
    }
    @AfterEach void after() { assertNotNull(cart); }
}"""
TESTNG = """package shop;
import static org.testng.Assert.*;
import org.testng.Assert;
import org.testng.annotations.*;
@Test(groups = "fast")
public class CartTest {
    private Cart cart;
    @BeforeMethod public void prepare() { cart = Cart.of("tea"); assertNotNull(cart); }
    @DataProvider(name = "times") public Object[][] times() { assertNotNull(cart); return new Object[2][1]; }
    @Test(dataProvider = "times")
    public void add(int n) { Assert.assertEquals(cart.add("a", n).size(), n + 1); }
    public void byClass() { assertEquals(cart.size(), 1, "size"); }
    void notPublic() { assertEquals(cart.size(), 1, "size"); }
    @Test public void order() { assertEqualsNoOrder(cart.items().toArray(), new Object[] {"tea"}); }
    @Test public void thrown() {
        NullPointerException e = expectThrows(NullPointerException.class, () -> cart.add(null));
        AssertJUnit.assertNull(e.getMessage());
    }
    @AfterMethod(alwaysRun = true) public void after() { assertNotNull(cart); }
}"""
ASSERTJ = """package shop;
import static org.assertj.core.api.Assertions.*;
import org.assertj.core.api.*;
import org.junit.jupiter.api.Test;
class CartTest {
    Cart cart = Cart.of("tea", "milk");
    @Test void fluent() {
        assertThat(cart.items())
            .as("items of %s", "cart")
            // in any order
            .hasSize(2)
            .contains("tea")
            .doesNotContain("salt"); // bought elsewhere
        Assertions.assertThat(cart.owner()).isNotBlank();
    }
    @Test void thrownBy() {
        assertThatThrownBy(() -> new Cart(null))
            .isInstanceOf(NullPointerException.class)
            .hasMessage(null);
        assertThatExceptionOfType(NullPointerException.class).isThrownBy(() -> new Cart(null)).withNoCause();
        assertThatCode(() -> cart.clear()).doesNotThrowAnyException();
        Throwable thrown = catchThrowable(() -> cart.add(null));
        assertThat(thrown).hasNoCause();
    }
    @Test void soft() {
        SoftAssertions softly = new SoftAssertions();
        softly.assertThat(cart.size()).isEqualTo(2);
        softly.assertThat(cart.isEmpty()).isFalse();
        softly.assertAll();
    }
}"""
TRUTH = """package shop;
import static com.google.common.truth.Truth.*;
import com.google.common.truth.Truth;
import org.junit.Test;
public class CartTest {
    private final Cart cart = new Cart("me");
    @Test public void size() {
        assertThat(cart.size()).isEqualTo(0);
        Truth.assertThat(cart.items()).containsExactly("a", "b").inOrder();
    }
    @Test public void message() {
        assertWithMessage("of %s", cart)
            .that(cart.owner())
            .isEqualTo("me");
        assert_().that(cart.isEmpty()).isTrue();
        Truth.assert_().fail();
    }
    @Test public void about() { assertAbout(carts()).that(cart.add("x")).hasSize(1); }
}"""
HAMCREST = """package shop;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.*;
import org.hamcrest.MatcherAssert;
import org.junit.jupiter.api.Test;
class CartTest {
    @Test void hamcrest() {
        Cart cart = new Cart();
        MatcherAssert.assertThat(cart.size(), is(0));
        assertThat("empty", cart.isEmpty());
        assertThat(cart.items(), both(empty()).and(not(hasItem("x"))));
    }
}"""
# Framework, files, and for each assertion: test, kind, focal method, reason.
FRAMEWORKS = {
    "junit3": (
        {TEST: JUNIT3, "src/test/java/shop/ShopTestCase.java": SHOP_TEST_CASE},
        """
        testSize assertEquals size inside
        testOwner assertEquals owner inside
        testOwner assertNotNull Cart before
        testFails fail Cart before
        testFails assertNull Cart before
        testClear assertTrue isEmpty inside
        testClear failNotEquals isEmpty before
        testNothing assertTrue isEmpty inside
        """,
    ),
    "junit4": (
        {TEST: JUNIT4},
        """
        counts assertEquals size inside
        counts assertFalse isEmpty inside
        noOwner fail Cart before
        holds assertThat items inside
        holds assertThat owner inside
        many assertThat size inside
        array assertArrayEquals items inside
        thrown assertThrows add inside
        thrown assertNull add before
        """,
    ),
    "junit5": (
        {TEST: JUNIT5},
        """
        one assertEquals size inside
        none assertTrue isEmpty inside
        times assertEquals size inside
        owner assertEquals owner inside
        repeated assertSame add inside
        all assertAll size inside
        kept assertThrows add inside
        kept assertNull add before
        kept assertThrowsExactly add inside
        kept assertEquals add before
        within assertTimeout size inside
        within assertEquals size before
        within assertTimeoutPreemptively clear inside
        dynamic assertTrue isEmpty inside
        """,
    ),
    "testng": (
        {TEST: TESTNG},
        """
        add assertEquals size inside
        byClass assertEquals size inside
        order assertEqualsNoOrder items inside
        thrown expectThrows add inside
        thrown assertNull add before
        """,
    ),
    "assertj": (
        {TEST: ASSERTJ},
        """
        fluent assertThat items inside
        fluent assertThat owner inside
        thrownBy assertThatThrownBy Cart inside
        thrownBy assertThatExceptionOfType Cart inside
        thrownBy assertThatCode clear inside
        thrownBy assertThat add before
        soft assertThat size inside
        soft assertThat isEmpty inside
        """,
    ),
    "truth": (
        {TEST: TRUTH},
        """
        size assertThat size inside
        size assertThat items inside
        message assertWithMessage owner inside
        message assert_ isEmpty inside
        message assert_ isEmpty before
        about assertAbout add inside
        """,
    ),
    "hamcrest": (
        {TEST: HAMCREST},
        """
        hamcrest assertThat size inside
        hamcrest assertThat isEmpty inside
        hamcrest assertThat items inside
        """,
    ),
}
RUN_BY = {"assertj": "junit5", "truth": "junit4", "hamcrest": "junit5"}


@pytest.fixture
def found(mine):
    """Mine files beside the class ``Cart``; returns the occurrences, with every example checked."""

    def run(files):
        examples, report = mine({MAIN: CART, **files})
        assert report["skipped"] == []
        for example in examples:
            check(example, {path: text.encode() for path, text in {MAIN: CART, **files}.items()})
        # What AssertJ calls catchThrowable checks nothing.
        assert report["filtered"].keys() <= {"cannot fail"}
        assert report["assertions"] == len(examples) + sum(report["filtered"].values())
        return [(example, *example.occurrences) for example in examples]

    return run


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_frameworks_and_libraries(found, framework):
    files, expected = FRAMEWORKS[framework]
    rows = found(files)
    got = [" ".join((w.test_method, w.kind, w.focal_name, w.reason)) for _, w in rows]
    assert got == [line.strip() for line in expected.strip().splitlines()]
    assert {w.framework for _, w in rows} == {RUN_BY.get(framework, framework)}
    assert {w.group for _, w in rows} == {"shop.Cart"}


def test_a_chain_of_many_lines_is_one_assertion(found):
    example, _ = found({TEST: ASSERTJ})[0]
    assert example.references == (
        'assertThat(cart.items()) .as("items of %s", "cart") // in any order\n'
        ' .hasSize(2) .contains("tea") .doesNotContain("salt");',
    )
    assert "bought elsewhere" not in example.masked_test
    assert "isNotBlank" not in example.masked_test


def test_what_ends_soft_assertions_is_none_and_stays(found):
    example, _ = found({TEST: ASSERTJ})[-1]
    assert example.masked_test.endswith("// <ASSERTION_PLACEHOLDER>\n    softly.assertAll();\n}")


STATEMENTS = '''
    Cart text = new Cart("""
        a "quoted" owner // no comment
          with two lines
        """);
    assertEquals("""
        a "quoted" owner // no comment
          with two lines
        """, text.owner());                                     //: owner inside
    Object o = Cart.of("tea");
    if (o instanceof Cart cart && cart.size() == 1) {
        assertEquals("nobody", cart.owner());                   //: owner inside
    }
    if (o instanceof Line(String item, int at) && at < 3) {
        assertEquals(0, new Line(item, at).label());            //: label inside
    }
    switch (node) {
        case Leaf(Cart cart) when cart.isEmpty() -> assertTrue(cart.isEmpty());     //: isEmpty inside
        case Pair(Leaf(var left), Leaf _) -> assertEquals(0, new Cart().size());    //: size inside
        case Pair(_, _) -> { assertNotNull(new Cart().x); }     //: Cart inside
        default -> fail();                                      //: Cart before
    }
    int n = switch (o) {
        case Cart c -> c.size();
        default -> { assertNotNull(Cart.of()); yield 2; }       //: of inside
    };
    int m = o instanceof Cart c ? c.size() : n;
    assertEquals(1, m);                                         //: size before
    for (var cart : List.of(new Cart(), new Cart("x"))) assertTrue(cart.isEmpty()); //: isEmpty inside
    for (Cart cart : new Cart[] {Cart.of("a")}) { assertEquals(1, cart.size()); }   //: size inside
    for (int i = 0; i < 2; i++) if (i > 0) assertEquals(0, new Cart().size());      //: size inside
        else assertNotNull(Cart.of());                          //: of inside
    List.of(1, 2).forEach(times -> {
        Cart cart = new Cart().add("x", times);
        assertEquals(times, cart.size());                       //: size inside
    });
    Runnable later = () -> { assertTrue(new Cart().isEmpty()); }; later.run();      //: isEmpty inside
    try { new Cart(null); fail(); } catch (NullPointerException expected) { }       //: Cart before
    try (var in = open()) { assertEquals("", new Cart(in.name()).owner()); }        //: owner inside
    switch (1) { case 1: assertEquals(0, new Cart().size()); break; default: }      //: size inside
    label: assertEquals(0, new Cart().size());                  //: size inside
    do { assertEquals(0, new Cart().size()); } while (false);   //: size inside
    do assertEquals(0, new Cart().size()); while (false);       //: size inside
    synchronized (this) { assertEquals(0, new Cart().size()); } //: size inside
    new Object() { void check() { assertTrue(new Cart().isEmpty()); } }.check();    //: isEmpty inside
    { ; assertTrue(new Cart().isEmpty()); ; }                   //: isEmpty inside
'''
DECLARATIONS = """
    assertNotEquals(null, new Cart("x"));                       //: public Cart(String owner)
    assertNotEquals(null, new Cart());                          //: public Cart()
    assertNotEquals(null, new Line("a"));                       //: public Line(String item)
    assertNotEquals(null, new Line("a", 1));                    //: public Line {
    assertNotNull(new Cart().add("a"));                         //: add(String item)
    assertNotNull(new Cart().add("a", 2));                      //: add(String item, int times)
    assertEquals(0.0, new Cart().total());                      //: total(double... prices)
    assertEquals(3.0, new Cart().total(1, 2));                  //: total(double... prices)
    assertEquals(3.0, new Cart().total(new double[] {3}));      //: total(double... prices)
    assertNotNull(Cart.of("a", "b", "c"));                      //: of(String... items)
    assertEquals("b", new Cart().largest(List.of("a", "b")));   //: <T extends Comparable<T>> T largest
    List<Line> lines = new ArrayList<>();
    assertEquals("0a", lines.get(0).label());                   //: String label()
    assertEquals(1, Cart.Size.SMALL.litres());                  //: abstract int litres()
    assertTrue(LARGE.fits(new Cart()));                         //: boolean fits(Cart cart)
    assertEquals(9, Size.valueOf("LARGE").litres());            //: abstract int litres()
    var line = new Cart().line(1);
    assertEquals("1x", line.label());                           //: String label()
    assertThrows(Exception.class, () -> new Line("a", -1));     //: public Line {
    Price price = new Fixed(3);
    assertEquals(3, price.cents());                             //: int cents();
    assertEquals(0, new Free().cents());                        //: public int cents() { return 0; }
    Stock stock = new Stock();
    int left = stock.left("tea");
    assertEquals(1, left);                                      //: int left(String item)
"""


def a_test(statements):
    return f"""package shop;
import static org.junit.jupiter.api.Assertions.*;
import static shop.Cart.Size.LARGE;
import java.util.*;
import org.junit.jupiter.api.Test;
import shop.Cart.*;
class CartTest {{
    sealed interface Node permits Leaf, Pair {{ }}
    record Leaf(Cart cart) implements Node {{ }}
    record Pair(Node left, Node right) implements Node {{ }}
    @Test void modern() {{
{statements}
    }}
}}"""


def notes(statements):
    return [line.partition("//: ")[2].strip() for line in statements.splitlines() if "//: " in line]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_statements_of_modern_java(found, newline):
    rows = found({TEST: a_test(STATEMENTS).replace("\n", newline)})
    assert [f"{where.focal_name} {where.reason}" for _, where in rows] == notes(STATEMENTS)
    assert not any("\r" in text for row, _ in rows for text in (row.masked_test, *row.references))


def test_declarations_of_modern_java(found):
    rows = found({TEST: a_test(DECLARATIONS)})
    for (example, _), expected in zip(rows, notes(DECLARATIONS), strict=True):
        assert expected in example.focal_method.partition("\n")[0], example.references


def test_inherited_tests_are_mined_once_where_they_are_declared(found):
    base = """package shop;
import static org.junit.Assert.*;
import org.junit.Test;
public abstract class AbstractCartTest<C extends Cart> {
    protected abstract C make();
    @Test public void startsEmpty() { assertTrue(make().isEmpty()); }
    @Test public void adds() { Cart cart = make(); cart.add("a"); assertEquals(1, cart.size()); }
}"""
    heir = """package shop;
import static org.junit.Assert.*;
import org.junit.Test;
public class {}CartTest extends AbstractCartTest<Cart> {{
    protected Cart make() {{ return Cart.of(); }}
    @Test public void own() {{ assertEquals(0, make().size()); }}
    public static class InnerTest {{ @Test public void inner() {{ assertEquals("", new Cart().owner()); }} }}
}}"""
    contract = """package shop;
import static org.junit.jupiter.api.Assertions.*;
import org.junit.jupiter.api.*;
interface CartContract {
    Cart make();
    @Test default void isEmpty() { assertTrue(make().isEmpty()); }
    @Test void without();
}"""
    folder = "src/test/java/shop"
    tests = {"AbstractCartTest": base, "BigCartTest": heir.format("Big"), "CartContract": contract}
    rows = found({f"{folder}/{name}.java": text for name, text in tests.items()})
    assert [(w.test_class, w.test_method, w.focal_name, w.framework, w.group) for _, w in rows] == [
        ("shop.AbstractCartTest", "startsEmpty", "isEmpty", "junit4", "shop.Cart"),
        ("shop.AbstractCartTest", "adds", "size", "junit4", "shop.Cart"),
        ("shop.BigCartTest", "own", "size", "junit4", "shop.Cart"),
        ("shop.BigCartTest", "inner", "owner", "junit4", "shop.Cart"),
        ("shop.CartContract", "isEmpty", "isEmpty", "junit5", "shop.Cart"),
    ]
