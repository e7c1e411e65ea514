package tessera.text;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.Test;

public class CaseStyleTest {
    @Test
    public void convertFromCamelCase() {
        String id = "maxLineCount";
        assertEquals("snake", "max_line_count", CaseStyle.SNAKE.convert(id));
        assertEquals("constant", "MAX_LINE_COUNT", CaseStyle.CONSTANT.convert(id));
        assertEquals("kebab", "max-line-count", CaseStyle.KEBAB.convert(id));
        assertEquals("dotted", "max.line.count", CaseStyle.DOTTED.convert(id));
    }

    @Test
    public void convertToCamelAndPascal() {
        assertEquals("maxLineCount", CaseStyle.CAMEL.convert("MAX_LINE_COUNT"));
        assertEquals("MaxLineCount", CaseStyle.PASCAL.convert("max-line-count"));
        assertEquals("utf8Reader", CaseStyle.CAMEL.convert("UTF8Reader"));
        assertEquals("", CaseStyle.CAMEL.convert("--"));
    }

    @Test
    public void convertToText() {
        String id = "open_recent_file";
        assertEquals("Open Recent File", CaseStyle.TITLE.convert(id));
        assertEquals("Open recent file", CaseStyle.SENTENCE.convert(id));
        assertEquals(id, CaseStyle.SNAKE.convert(CaseStyle.SENTENCE.convert(id)));
    }

    @Test
    public void convertIsIdempotent() {
        for (CaseStyle style : CaseStyle.values()) {
            String once = style.convert("parseHTTPHeader");
            assertEquals(style + " twice", once, style.convert(once));
            assertTrue(style.name(), style.matches(once));
        }
    }

    @Test
    public void formatTakesWordsOfAnyCase() {
        assertEquals("line_count", CaseStyle.SNAKE.format("Line", "COUNT"));
        assertEquals("LineCount", CaseStyle.PASCAL.format("line", "count"));
        assertEquals("Line count", CaseStyle.SENTENCE.format("LINE", "Count"));
        assertEquals("one", CaseStyle.CAMEL.format("ONE"));
    }

    @Test
    public void formatTakesLists() {
        List<String> words = Arrays.asList("read", "only");
        assertEquals("read-only", CaseStyle.KEBAB.format(words));
        assertEquals("READ_ONLY", CaseStyle.CONSTANT.format(words));
        assertEquals("", CaseStyle.TITLE.format(List.of()));
    }

    @Test
    public void convertAllConvertsEach() {
        assertArrayEquals(new String[] {"firstName", "lastName"},
                CaseStyle.CAMEL.convertAll("first_name", "last_name"));
        assertArrayEquals(new String[] {"first-name", "id"}, CaseStyle.KEBAB.convertAll("firstName", "ID"));
        assertEquals(0, CaseStyle.DOTTED.convertAll().length);
    }

    @Test
    public void matchesOnlyTheExactForm() {
        assertTrue(CaseStyle.SNAKE.matches("line_count"));
        assertTrue(CaseStyle.PASCAL.matches("HttpServer"));
        assertFalse(CaseStyle.PASCAL.matches("HTTPServer"));
        assertFalse(CaseStyle.SNAKE.matches("line__count"));
        assertFalse("empty", CaseStyle.SNAKE.matches(""));
    }

    @Test
    public void prefixedJoinsTwoIdentifiers() {
        assertEquals("getName", CaseStyle.CAMEL.prefixed("get", "name"));
        assertEquals("isOpenNow", CaseStyle.CAMEL.prefixed("is", "open_now"));
        assertEquals("APP_LOG_LEVEL", CaseStyle.CONSTANT.prefixed("app", "logLevel"));
    }

    @Test
    public void detectFindsFirstMatch() {
        assertEquals(Optional.of(CaseStyle.CAMEL), CaseStyle.detect("lineCount"));
        assertEquals(Optional.of(CaseStyle.CONSTANT), CaseStyle.detect("LINE_COUNT"));
        assertEquals(CaseStyle.KEBAB, CaseStyle.detect("line-count").get());
        assertEquals(CaseStyle.SENTENCE, CaseStyle.detect("Line count").orElseThrow());
    }

    @Test
    public void detectCanFail() {
        assertFalse(CaseStyle.detect("Mixed_Style").isPresent());
        assertFalse(CaseStyle.detect("").isPresent());
        assertTrue(CaseStyle.detect("a-b_c").isEmpty());
    }

    @Test
    public void wordsOfDifferentStyles() {
        List<String> expected = List.of("read", "me", "first");
        assertEquals(expected, CaseStyle.words("readMeFirst"));
        assertEquals(expected, CaseStyle.words("READ_ME_FIRST"));
        assertEquals(expected, CaseStyle.words(" read, me - first"));
        assertNotEquals(expected, CaseStyle.words("readmefirst"));
    }

    @Test
    public void wordsOfAcronyms() {
        assertEquals(Arrays.asList("http", "server"), CaseStyle.words("HTTPServer"));
        assertEquals(Arrays.asList("parse", "xml", "file"), CaseStyle.words("parseXMLFile"));
        assertEquals("url", CaseStyle.words("baseURL").get(1));
        assertEquals(2, CaseStyle.words("utf8Text").size());
    }

    @Test
    public void initialsAndCapitalize() {
        assertEquals("initials", "LC", CaseStyle.initials("lineCount"));
        assertEquals("initials", "AWOL", CaseStyle.initials("absent without official leave"));
        assertEquals("McDonald", CaseStyle.capitalize("mcDonald"));
        assertEquals("", CaseStyle.capitalize(""));
    }

    @Test
    public void separators() {
        assertEquals("_", CaseStyle.SNAKE.separator());
        assertEquals(CaseStyle.SNAKE.separator(), CaseStyle.CONSTANT.separator());
        assertTrue(CaseStyle.CAMEL.separator().isEmpty());
    }
}
