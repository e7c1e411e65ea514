package tessera.text;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.Assert.assertThrows;

import org.junit.Test;

public class WordWrapTest {
    private static final String PANGRAM = "the quick brown fox jumps over the lazy dog";

    @Test
    public void breaksBetweenWords() {
        WordWrap wrap = WordWrap.at(10);
        assertThat(wrap.lines("one two three"), contains("one two", "three"));
        assertThat(wrap.lines("four five six"), contains("four five", "six"));
        assertThat(wrap.lines(PANGRAM), hasSize(5));
        assertThat(wrap.lines(PANGRAM), hasItem("jumps over"));
    }

    @Test
    public void lineMayBeExactlyAsWideAsTheWidth() {
        assertThat(WordWrap.at(7).lines("one two"), contains("one two"));
        assertThat(WordWrap.at(6).lines("one two"), contains("one", "two"));
        assertThat(WordWrap.at(7).lines("one two six"), hasSize(2));
    }

    @Test
    public void blankTextHasNoLines() {
        WordWrap wrap = WordWrap.at(5);
        assertThat(wrap.lines(""), is(empty()));
        assertThat(wrap.lines(" \n\t "), is(empty()));
        assertThat(wrap.lines(" x "), is(not(empty())));
    }

    @Test
    public void longWordsStandAlone() {
        WordWrap wrap = WordWrap.at(4);
        assertThat(wrap.lines("a longword b"), contains("a", "longword", "b"));
        assertThat(wrap.lines("elephant"), contains("elephant"));
    }

    @Test
    public void longWordsAreCutOnRequest() {
        WordWrap wrap = WordWrap.at(4).breakingWords();
        assertThat(wrap.lines("elephant"), contains("elep", "hant"));
        assertThat(wrap.lines("a elephants b"), contains("a", "elep", "hant", "s b"));
        assertThat(wrap.lines(PANGRAM).get(1), equalTo("quic"));
    }

    @Test
    public void prefixesCountTowardsTheWidth() {
        WordWrap list = WordWrap.at(9).indented("* ", "  ");
        assertThat(list.lines("buy milk and eggs"), contains("* buy", "  milk", "  and", "  eggs"));
        assertThat(list.lines("go on now"), contains("* go on", "  now"));
        assertThat(list.fill("a b c d e"), startsWith("* a b"));
        assertThat(list.width(), is(9));
    }

    @Test
    public void prefixesMustLeaveRoom() {
        assertThrows(IllegalArgumentException.class, () -> WordWrap.at(0));
        assertThrows(IllegalArgumentException.class, () -> WordWrap.at(4).indented("    ", ""));
        assertThrows(IllegalArgumentException.class, () -> WordWrap.at(2).indented("", "> "));
    }

    @Test
    public void fillJoinsLines() {
        WordWrap wrap = WordWrap.at(12);
        String filled = wrap.fill(PANGRAM);
        assertThat(filled, endsWith("\nthe lazy dog"));
        assertThat(filled.indexOf('\n'), is("the quick".length()));
        assertThat(wrap.fill("short"), equalTo("short"));
        assertThat(wrap.fill(filled), is(filled));
    }

    @Test
    public void fillAllKeepsParagraphs() {
        WordWrap wrap = WordWrap.at(5);
        assertThat(wrap.fillAll("a b c d\n\ne f"), is("a b c\nd\n\ne f"));
        assertThat(wrap.fillAll("x\ny\n \n\nz"), is("x y\n\nz"));
    }

    @Test
    public void fitsLooksAtEveryLine() {
        WordWrap wrap = WordWrap.at(5);
        assertThat(wrap.fits("12345\n1"), is(true));
        assertThat(wrap.fits("123456"), is(false));
        assertThat("second line is too wide", !wrap.fits("1\n123456"));
        assertThat("wrapped text fits", wrap.fits(wrap.fill(PANGRAM)));
    }

    @Test
    public void shortenKeepsWholeWords() {
        assertThat(WordWrap.at(15).shorten(PANGRAM), is("the quick ..."));
        assertThat(WordWrap.at(8).shorten(PANGRAM), is("the ..."));
        assertThat(WordWrap.at(100).shorten("all\nof   it"), equalTo("all of it"));
        assertThat(WordWrap.at(20).shorten(PANGRAM).length(), lessThan(21));
    }

    @Test
    public void justifyWidensLeftGapsFirst() {
        WordWrap wrap = WordWrap.at(11);
        assertThat(wrap.justify("a b c"), equalTo("a    b    c"));
        assertThat(wrap.justify("aa b c"), equalTo("aa    b   c"));
        assertThat(wrap.justify("alone"), equalTo("alone"));
        assertThat(wrap.justify("one two three four"), is("one two three four"));
    }

    @Test
    public void centerPadsOnTheLeft() {
        assertThat(WordWrap.at(9).center("abc"), is("   abc"));
        assertThat(WordWrap.at(6).center(" abc "), is(" abc"));
        assertThat(WordWrap.at(2).center("abc"), startsWith("a"));
    }

    @Test
    public void unwrapCollapsesSpace() {
        assertThat(WordWrap.unwrap("a\n  b\tc"), is("a b c"));
        assertThat(WordWrap.unwrap("   "), is(""));
    }

    @Test
    public void paragraphsAreSeparatedByBlankLines() {
        assertThat(WordWrap.paragraphs("one\ntwo\n\nthree"), contains("one two", "three"));
        assertThat(WordWrap.paragraphs("\n\n"), empty());
        assertThat(WordWrap.paragraphs("p q\n\np r"), everyItem(startsWith("p")));
    }
}
