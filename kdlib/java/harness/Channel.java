package kdlib.harness;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The line to whoever asks: a socket that this JVM inherited under a number above 2.
 *
 * <p>Standard output belongs to the tests. A socket cannot be opened by a name below {@code /proc}, and a
 * descriptor with a number is made only where {@code java.io} is open, which it is to this module alone.
 */
final class Channel {
    private final BufferedReader in;
    private final OutputStream out;

    Channel(String number) throws ReflectiveOperationException {
        Constructor<FileDescriptor> numbered = FileDescriptor.class.getDeclaredConstructor(int.class);
        numbered.setAccessible(true);
        FileDescriptor socket = numbered.newInstance(Integer.parseInt(number));
        in = new BufferedReader(new InputStreamReader(new FileInputStream(socket), StandardCharsets.US_ASCII));
        out = new FileOutputStream(socket);
    }

    /** Returns the next request, or null if there will be none. */
    Map<String, Object> request() throws IOException {
        String line = in.readLine();
        return line == null ? null : Json.object(line);
    }

    void answer(Map<String, Object> answer) throws IOException {
        out.write((Json.line(answer) + "\n").getBytes(StandardCharsets.US_ASCII));
    }
}
