/* A page with the pictures of a pipeline and what it says, for browsers.
 *
 * HTTP/1.0, as much as a page of one's own machine needs: GET of three paths. Sockets that ask for
 * the stream are handed to multisocketsink, which knows what to do with slow ones.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/coppice_live_browser.h"

#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_MAX = 4096, REQUEST_SECONDS = 5 };

struct CopLiveBrowser {
    GSocketService *service;
    GstElement *sink;
    guint port;
    char *said;
};

static const char page[] =
    "<!doctype html>\n"
    "<html lang=en><meta charset=utf-8><title>coppice live</title>\n"
    "<meta name=viewport content='width=device-width, initial-scale=1'>\n"
    "<style>\n"
    "body { margin: 0; background: #16191d; color: #dfe3e8; font: 15px/1.5 system-ui, sans-serif "
    "}\n"
    "main { max-width: 1280px; margin: 0 auto; padding: 1rem }\n"
    "h1 { font-size: 1.1rem; font-weight: 600; margin: 0 0 .75rem }\n"
    "img { width: 100%; border-radius: 6px; background: #000; display: block }\n"
    "pre { white-space: pre-wrap; overflow-wrap: anywhere; color: #9aa4af; font-size: 13px }\n"
    "</style>\n"
    "<main><h1>coppice live</h1><img src=/stream alt='the stream'><pre id=said></pre></main>\n"
    "<script>\n"
    "const said = document.getElementById('said');\n"
    "async function ask() {\n"
    "  try { const answer = await fetch('/said');\n"
    "        said.textContent = JSON.stringify(await answer.json(), null, 1); }\n"
    "  catch (error) { said.textContent = 'the stream has ended'; }\n"
    "}\n"
    "ask(); setInterval(ask, 1000);\n"
    "</script></html>\n";

typedef struct Request {
    CopLiveBrowser *browser;
    GSocketConnection *connection;
    char text[REQUEST_MAX];
    gsize length;
} Request;

static void request_free(Request *request)
{
    g_object_unref(request->connection);
    g_free(request);
}

static void answered(GObject *stream, GAsyncResult *result, gpointer bytes)
{
    g_output_stream_write_all_finish(G_OUTPUT_STREAM(stream), result, NULL, NULL);
    g_bytes_unref(bytes);
}

/* The connection is closed with its last reference, which the write holds. */
static void answer(const Request *request, const char *status, const char *type, const char *body)
{
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(request->connection));
    char *text = g_strdup_printf("HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                                 "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
                                 status, type, strlen(body), body);
    GBytes *bytes = g_bytes_new_take(text, strlen(text));
    g_object_set_data_full(G_OBJECT(out), "connection", g_object_ref(request->connection),
                           g_object_unref);
    g_output_stream_write_all_async(out, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                                    G_PRIORITY_DEFAULT, NULL, answered, bytes);
}

/* The sink closes the socket's use; the connection lives as long as the socket. */
static void stream_to(const Request *request)
{
    static const char header[] = "HTTP/1.0 200 OK\r\n"
                                 "Content-Type: multipart/x-mixed-replace; boundary=frame\r\n"
                                 "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
    GSocket *socket = g_socket_connection_get_socket(request->connection);
    if (g_socket_send(socket, header, sizeof header - 1, NULL, NULL) != (gssize)sizeof header - 1)
        return;
    g_signal_emit_by_name(request->browser->sink, "add", socket);
}

static void serve(const Request *request)
{
    char method[8] = "", path[64] = "";
    if (sscanf(request->text, "%7s %63s", method, path) != 2 || strcmp(method, "GET") != 0)
        answer(request, "405 Method Not Allowed", "text/plain", "GET only\n");
    else if (strcmp(path, "/") == 0)
        answer(request, "200 OK", "text/html; charset=utf-8", page);
    else if (strcmp(path, "/said") == 0)
        answer(request, "200 OK", "application/json",
               request->browser->said ? request->browser->said : "{}");
    else if (strcmp(path, "/stream") == 0)
        stream_to(request);
    else
        answer(request, "404 Not Found", "text/plain", "there is /, /stream and /said\n");
}

static void ask_more(Request *request);

static void got(GObject *stream, GAsyncResult *result, gpointer data)
{
    Request *request = data;
    const gssize n = g_input_stream_read_finish(G_INPUT_STREAM(stream), result, NULL);
    if (n > 0) {
        request->length += (gsize)n;
        request->text[request->length] = '\0';
        const gboolean whole = strstr(request->text, "\r\n\r\n") || strstr(request->text, "\n\n");
        if (!whole && request->length + 1 < sizeof request->text) {
            ask_more(request);
            return;
        }
        if (whole)
            serve(request);
    }
    request_free(request);
}

static void ask_more(Request *request)
{
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(request->connection));
    g_input_stream_read_async(in, request->text + request->length,
                              sizeof request->text - 1 - request->length, G_PRIORITY_DEFAULT, NULL,
                              got, request);
}

static gboolean incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
                         gpointer browser)
{
    Request *request = g_new0(Request, 1);
    (void)service, (void)source;
    request->browser = browser;
    request->connection = g_object_ref(connection);
    g_socket_set_timeout(g_socket_connection_get_socket(connection), REQUEST_SECONDS);
    ask_more(request);
    return TRUE;
}

CopStatus cop_live_browser_open(CopLiveBrowser **out, const char *address, GstElement *sink,
                                CopError *err)
{
    const char *colon = strrchr(address, ':');
    const char *digits = colon ? colon + 1 : address;
    char *end;
    const unsigned long port = strtoul(digits, &end, 10);
    char *host = colon ? g_strndup(address, (gsize)(colon - address)) : g_strdup("127.0.0.1");
    GInetAddress *inet = g_inet_address_new_from_string(host);
    g_free(host);
    *out = NULL;
    if (!g_ascii_isdigit(*digits) || *end || port > G_MAXUINT16 || !inet) {
        g_clear_object(&inet);
        return cop_error_set(err, COP_ERR_ARG, "--http: got \"%s\"; allowed: PORT or ADDRESS:PORT",
                             address);
    }
    CopLiveBrowser *browser = g_new0(CopLiveBrowser, 1);
    GSocketAddress *wanted = g_inet_socket_address_new(inet, (guint16)port), *bound = NULL;
    GError *error = NULL;
    browser->sink = sink;
    browser->service = g_socket_service_new();
    if (g_socket_listener_add_address(G_SOCKET_LISTENER(browser->service), wanted,
                                      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound,
                                      &error)) {
        browser->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
        g_signal_connect(browser->service, "incoming", G_CALLBACK(incoming), browser);
        g_socket_service_start(browser->service);
        *out = browser;
    } else {
        cop_error_set(err, COP_ERR_IO, "--http %s: %s", address, error->message);
        g_error_free(error);
        cop_live_browser_close(&browser);
    }
    g_clear_object(&bound);
    g_object_unref(wanted);
    g_object_unref(inet);
    return *out ? COP_OK : COP_ERR_IO;
}

void cop_live_browser_close(CopLiveBrowser **browser)
{
    if (!*browser)
        return;
    g_socket_service_stop((*browser)->service);
    g_socket_listener_close(G_SOCKET_LISTENER((*browser)->service));
    g_object_unref((*browser)->service);
    g_free((*browser)->said);
    g_clear_pointer(browser, g_free);
}

guint cop_live_browser_port(const CopLiveBrowser *browser)
{
    return browser->port;
}

void cop_live_browser_say(CopLiveBrowser *browser, const char *json)
{
    g_free(browser->said);
    browser->said = g_strdup(json);
}
