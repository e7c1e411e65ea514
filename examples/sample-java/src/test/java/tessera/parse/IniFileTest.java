package tessera.parse;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.endsWith;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.sameInstance;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.Assert.assertThrows;

import org.junit.Test;

public class IniFileTest {
    private final IniFile ini = IniFile.parse("""
            ; a comment
            title = Demo
            [Server]
            host = example.org
            port = 0x1F90
            secure = Yes
            # another comment
            [paths]
            roots = /var, /srv ,, /opt
            quoted = " padded "
            equation = a=b
            """);

    @Test
    public void valuesBelongToSections() {
        assertThat(ini.get("server", "host"), is("example.org"));
        assertThat(ini.get("paths", "equation"), is("a=b"));
        assertThat(ini.get(IniFile.GLOBAL, "title"), is("Demo"));
        assertThat(ini.get("server", "title"), is(nullValue()));
        assertThat(ini.get("nowhere", "host"), is(nullValue()));
    }

    @Test
    public void namesIgnoreCase() {
        assertThat(ini.get("SERVER", "Host"), equalTo(ini.get("server", "host")));
        assertThat(ini.get(" Server ", "HOST "), equalTo("example.org"));
    }

    @Test
    public void quotesKeepWhiteSpace() {
        assertThat(ini.get("paths", "quoted"), startsWith(" "));
        assertThat(ini.get("paths", "quoted"), endsWith("d "));
        assertThat(IniFile.unquote("\"x\""), is("x"));
        assertThat(IniFile.unquote("\"x"), is("\"x"));
        assertThat(IniFile.unquote("\""), is("\""));
    }

    @Test
    public void fallbacks() {
        assertThat(ini.getOr("server", "host", "localhost"), is("example.org"));
        assertThat(ini.getOr("server", "user", "root"), is("root"));
        assertThat(ini.getInt("server", "timeout", 30), is(30));
    }

    @Test
    public void integers() {
        ini.put("limits", "low", "-5");
        assertThat(ini.getInt("server", "port", 80), is(8080));
        assertThat(ini.getInt("limits", "low", 0), is(-5));
        assertThrows(NumberFormatException.class, () -> ini.getInt("server", "host", 1));
    }

    @Test
    public void switches() {
        ini.put("server", "debug", "off");
        assertThat("yes is on", ini.isOn("server", "secure"));
        assertThat("off is off", !ini.isOn("server", "debug"));
        assertThat("missing is off", !ini.isOn("server", "trace"));
    }

    @Test
    public void lists() {
        assertThat(ini.getList("paths", "roots"), contains("/var", "/srv", "/opt"));
        assertThat(ini.getList("server", "host"), contains("example.org"));
        assertThat(ini.getList("server", "nothing"), is(empty()));
        assertThat(ini.getList("paths", "roots"), not(hasItem("")));
    }

    @Test
    public void enumeration() {
        assertThat(ini.sections(), contains("", "server", "paths"));
        assertThat(ini.keys("server"), contains("host", "port", "secure"));
        assertThat(ini.keys("paths"), hasSize(3));
        assertThat(ini.keys("nowhere"), empty());
        assertThat(ini.size(), is(7));
    }

    @Test
    public void puttingReturnsTheOldValue() {
        assertThat(ini.put("server", "host", "a.example"), is("example.org"));
        assertThat(ini.put("server", "HOST", "b.example"), is("a.example"));
        assertThat(ini.put("fresh", "key", "1"), nullValue());
        assertThat(ini.sections(), hasItem("fresh"));
    }

    @Test
    public void removing() {
        assertThat(ini.remove("server", "port"), is("0x1F90"));
        assertThat(ini.remove("server", "port"), nullValue());
        assertThat(ini.has("server", "port"), is(false));
        assertThat(ini.removeSection("paths"), is(true));
        assertThat(ini.removeSection("paths"), is(false));
        assertThat(ini.size(), equalTo(3));
    }

    @Test
    public void merging() {
        IniFile other = IniFile.parse("[server]\nhost=merged\n[extra]\nk=v");
        assertThat(ini.merge(other), sameInstance(ini));
        assertThat(ini.getOr("server", "host", "?"), is("merged"));
        assertThat(ini.has("extra", "k"), is(true));
        assertThat(ini.size(), equalTo(8));
    }

    @Test
    public void writing() {
        IniFile small = IniFile.parse("[b]\nx=1\n[a]\ny = 2");
        small.put("", "top", "0");
        assertThat(small.toString(), is("top = 0\n[b]\nx = 1\n[a]\ny = 2\n"));
        assertThat(IniFile.parse(small.toString()).toString(), equalTo(small.toString()));
        assertThat(ini.toString(), containsString("quoted = \" padded \"\n"));
        assertThat(ini.toString(), containsString("[server]\nhost = example.org\n"));
    }

    @Test
    public void badLinesAreNamed() {
        var error = assertThrows(IllegalArgumentException.class, () -> IniFile.parse("a=1\nnonsense"));
        assertThat(error.getMessage(), is("line 2: nonsense"));
        assertThrows(IllegalArgumentException.class, () -> ini.put("s", " ", "v"));
    }
}
