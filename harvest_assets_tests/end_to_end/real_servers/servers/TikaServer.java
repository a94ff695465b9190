/*
 * The paths of Apache Tika Server that we use, over the parsers of the Tika application that is on the class path:
 * GET /version, POST /rmeta/form/{body,text,xml} (multipart), PUT /rmeta/{body,text,xml}. It says its port on its first line.
 * As in the real one, a document that fails is told of in the list, under X-TIKA:EXCEPTION:container_exception.
 */
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.Executors;
import org.apache.tika.Tika;
import org.apache.tika.exception.TikaException;
import org.apache.tika.io.TikaInputStream;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.metadata.TikaCoreProperties;
import org.apache.tika.parser.AutoDetectParser;
import org.apache.tika.parser.ParseContext;
import org.apache.tika.parser.RecursiveParserWrapper;
import org.apache.tika.sax.BasicContentHandlerFactory;
import org.apache.tika.sax.RecursiveParserWrapperHandler;
import org.apache.tika.serialization.JsonMetadataList;

public class TikaServer {
    private static final AutoDetectParser PARSER = new AutoDetectParser();

    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", TikaServer::answer);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        System.out.println(server.getAddress().getPort());
        System.out.flush();
    }

    private static void answer(HttpExchange exchange) throws IOException {
        String asked = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
        byte[] body = exchange.getRequestBody().readAllBytes();
        try {
            switch (asked) {
                case "GET /version" -> send(exchange, 200, "text/plain", Tika.getString());
                case "PUT /rmeta/body", "PUT /rmeta/text", "PUT /rmeta/xml" -> send(exchange, 200, "application/json", parse(body, asked, ""));
                case "POST /rmeta/form/body", "POST /rmeta/form/text", "POST /rmeta/form/xml" -> {
                    String[] part = readPart(exchange.getRequestHeaders().getFirst("Content-Type"), body);
                    send(exchange, 200, "application/json", parse(part[1].getBytes(StandardCharsets.ISO_8859_1), asked, part[0]));
                }
                default -> send(exchange, 404, "text/plain", asked);
            }
        } catch (TikaException error) {
            send(exchange, 422, "text/plain", error.toString());
        } catch (Exception error) {
            send(exchange, 500, "text/plain", error.toString());
        }
    }

    /** The headers and the content of the first part of a form, as Latin-1, in which every byte is a character. */
    private static String[] readPart(String contentType, byte[] body) {
        String whole = new String(body, StandardCharsets.ISO_8859_1);
        String boundary = "--" + contentType.substring(contentType.indexOf("boundary=") + 9);
        int start = whole.indexOf("\r\n\r\n");
        return new String[] {whole.substring(0, start), whole.substring(start + 4, whole.lastIndexOf("\r\n" + boundary + "--"))};
    }

    private static String parse(byte[] content, String asked, String headers) throws Exception {
        String name = asked.substring(asked.lastIndexOf('/') + 1);
        var type = BasicContentHandlerFactory.parseHandlerType(name, BasicContentHandlerFactory.HANDLER_TYPE.XML);
        var factory = new BasicContentHandlerFactory(type, readLimit(headers, "writeLimit"));
        var handler = new RecursiveParserWrapperHandler(factory, readLimit(headers, "maxEmbeddedResources"));
        try (TikaInputStream stream = TikaInputStream.get(content)) {
            new RecursiveParserWrapper(PARSER).parse(stream, handler, new Metadata(), new ParseContext());
        } catch (Exception error) {
            boolean isTold = handler.getMetadataList().stream().anyMatch(each -> each.get(TikaCoreProperties.CONTAINER_EXCEPTION) != null);
            if (!isTold) {
                throw error;
            }
        }
        StringWriter written = new StringWriter();
        JsonMetadataList.toJson(handler.getMetadataList(), written);
        return written.toString();
    }

    private static int readLimit(String headers, String name) {
        return Arrays.stream(headers.split("\r\n"))
                .filter(line -> line.startsWith(name + ":"))
                .mapToInt(line -> Integer.parseInt(line.substring(name.length() + 1).trim()))
                .findFirst()
                .orElse(-1);
    }

    private static void send(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type + ";charset=UTF-8");
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
