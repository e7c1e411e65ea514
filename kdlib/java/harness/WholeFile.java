package kdlib.harness;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.tools.SimpleJavaFileObject;

/** A file in UTF-8; javac's own reader would tell of other bytes only where nobody looks. */
final class WholeFile extends SimpleJavaFileObject {
    private final Path path;
    private final Map<String, String> errors;

    /** Makes one that adds itself to the errors, by its path, if it is read and not in UTF-8. */
    WholeFile(Path path, Map<String, String> errors) {
        super(path.toUri(), Kind.SOURCE);
        this.path = path;
        this.errors = errors;
    }

    @Override
    public String getName() {
        return path.toString();
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path));
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        // A byte makes one character at most.
        CharBuffer text = CharBuffer.allocate(bytes.remaining());
        CoderResult result = decoder.decode(bytes, text, true);
        if (result.isError()) {
            StringBuilder odd = new StringBuilder();
            for (int index = 0; index < result.length(); index++) {
                odd.append(String.format("%02X", bytes.get(bytes.position() + index)));
            }
            errors.putIfAbsent(getName(), "unmappable character (0x" + odd + ") for encoding UTF-8");
            return StandardCharsets.UTF_8.decode(bytes.rewind());
        }
        return text.flip();
    }
}
