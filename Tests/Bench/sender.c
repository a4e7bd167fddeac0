/* For bodies.py, mime.py: sends one message again and again, faster than any server takes it.
 * sender PORT CONNECTIONS MESSAGES FILE
 *
 * FILE holds what follows DATA as it goes over the wire, dots doubled, the final one included. Each connection is kept
 * and sends MESSAGES of it, each with one write of all its bytes. Prints the nanoseconds from the first MAIL to the
 * last reply; connections are made before. A reply that is not the one to expect ends everything with status 1. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64 };

static struct sockaddr_in server = {.sin_family = AF_INET};
static pthread_barrier_t start;
static char *message;
static size_t length;
static int messages;

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *what, const char *reply)
{
    fprintf(stderr, "sender: the answer to %s is %s\n", what, reply);
    exit(1);
}

/* Whether the text ends with the last line of a reply. */
static int is_whole(const char *text, size_t size)
{
    size_t line;
    if (size < 5 || text[size - 1] != '\n') return 0;
    for (line = size - 1; line > 0 && text[line - 1] != '\n';) line--;
    return size - line >= 4 && text[line + 3] != '-';
}

static void expect(int client, const char *what, char code)
{
    char text[4096] = "";
    size_t size = 0;
    while (!is_whole(text, size)) {
        const ssize_t got = recv(client, text + size, sizeof text - 1 - size, 0);
        if (got <= 0) fail(what, "the end of the connection");
        size += (size_t)got;
        text[size] = 0;
    }
    if (text[0] != code) fail(what, text);
}

static void say(int client, const char *what, const char *bytes, size_t size, char code)
{
    while (size > 0) {
        const ssize_t sent = send(client, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) fail(what, "that nobody reads");
        bytes += sent;
        size -= (size_t)sent;
    }
    expect(client, what, code);
}

static void command(int client, const char *line, char code) { say(client, line, line, strlen(line), code); }

static void *run(void *unused)
{
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(client, (struct sockaddr *)&server, sizeof server) < 0) fail("connect", "no");
    expect(client, "connect", '2');
    command(client, "EHLO client.example.org\r\n", '2');
    pthread_barrier_wait(&start);
    for (int count = 0; count < messages; count++) {
        command(client, "MAIL FROM:<a@example.org>\r\n", '2');
        command(client, "RCPT TO:<b@example.com>\r\n", '2');
        command(client, "DATA\r\n", '3');
        say(client, "the message", message, length, '2');
    }
    pthread_barrier_wait(&start);
    command(client, "QUIT\r\n", '2');
    close(client);
    return unused;
}

static void load(const char *path)
{
    FILE *const file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) fail("fopen", path);
    length = (size_t)ftell(file);
    rewind(file);
    message = malloc(length + 1);
    if (!message || fread(message, 1, length, file) != length) fail("fread", path);
    fclose(file);
}

int main(int count, char **words)
{
    pthread_t threads[MOST];
    const int connections = count == 5 ? atoi(words[2]) : 0;
    long long began;
    if (connections < 1 || connections > MOST) return 64;
    server.sin_port = htons((unsigned short)atoi(words[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    messages = atoi(words[3]);
    load(words[4]);
    pthread_barrier_init(&start, NULL, (unsigned)connections + 1);
    for (int i = 0; i < connections; i++) {
        if (pthread_create(&threads[i], NULL, run, NULL) != 0) abort();
    }
    pthread_barrier_wait(&start);
    began = now();
    pthread_barrier_wait(&start);
    printf("%lld\n", now() - began);
    for (int i = 0; i < connections; i++) pthread_join(threads[i], NULL);
    return 0;
}
