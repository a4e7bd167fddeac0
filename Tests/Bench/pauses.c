/* For reload.py: how long clients wait for each reply. pauses PORT CONNECTIONS, until its standard input ends.
 *
 * Each connection does ten transactions, a command every millisecond or so, and is followed by the next one. At the end
 * each reply is a line: when its command was sent, and how long it took, in nanoseconds of the monotonic clock (for a
 * greeting: from the call of connect). A reply that is not the one to expect ends everything with status 1. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TRANSACTIONS = 10, MOST = 64 };

struct wait { long long began, took; };
struct load { pthread_t thread; struct wait *waits; size_t count, room; };

static struct sockaddr_in server = {.sin_family = AF_INET};
static volatile int is_over;

static long long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *command, const char *reply)
{
    fprintf(stderr, "pauses: the answer to %s is %s\n", command, reply);
    exit(1);
}

static void note(struct load *load, long long began)
{
    if (load->count == load->room) {
        load->room = load->room ? 2 * load->room : 1 << 16;
        load->waits = realloc(load->waits, load->room * sizeof *load->waits);
        if (!load->waits) abort();
    }
    load->waits[load->count++] = (struct wait){began, now() - began};
}

/* Whether the text ends with the last line of a reply. */
static int is_whole(const char *text, size_t length)
{
    size_t line;
    if (length < 5 || text[length - 1] != '\n') return 0;
    for (line = length - 1; line > 0 && text[line - 1] != '\n';) line--;
    return length - line >= 4 && text[line + 3] != '-';
}

static void expect(int client, const char *command, char code, struct load *load, long long began)
{
    char text[4096] = "";
    size_t length = 0;
    while (!is_whole(text, length)) {
        const ssize_t got = recv(client, text + length, sizeof text - 1 - length, 0);
        if (got <= 0) fail(command, "the end of the connection");
        length += (size_t)got;
        text[length] = 0;
    }
    note(load, began);
    if (text[0] != code) fail(command, text);
}

static void say(int client, const char *command, char code, struct load *load)
{
    const struct timespec pause = {0, 1000000};
    const size_t length = strlen(command);
    long long began;
    nanosleep(&pause, NULL);
    began = now();
    if (send(client, command, length, MSG_NOSIGNAL) != (ssize_t)length) fail(command, "that nobody reads");
    expect(client, command, code, load, began);
}

static void *run(void *context)
{
    struct load *load = context;
    while (!is_over) {
        const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
        const long long began = now();
        int count;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(client, (struct sockaddr *)&server, sizeof server) < 0) fail("connect", "no");
        expect(client, "connect", '2', load, began);
        say(client, "EHLO client.example.org\r\n", '2', load);
        for (count = 0; count < TRANSACTIONS && !is_over; count++) {
            say(client, "MAIL FROM:<a@example.org>\r\n", '2', load);
            say(client, "RCPT TO:<b@example.com>\r\n", '2', load);
            say(client, "DATA\r\n", '3', load);
            say(client, "Subject: x\r\n\r\ny\r\n.\r\n", '2', load);
            say(client, "NOOP\r\n", '2', load);
        }
        say(client, "QUIT\r\n", '2', load);
        close(client);
    }
    return NULL;
}

int main(int count, char **words)
{
    struct load loads[MOST] = {0};
    const int connections = count == 3 ? atoi(words[2]) : 0;
    char byte;
    if (connections < 1 || connections > MOST) return 64;
    server.sin_port = htons((unsigned short)atoi(words[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < connections; i++) {
        if (pthread_create(&loads[i].thread, NULL, run, &loads[i]) != 0) abort();
    }
    while (read(0, &byte, 1) > 0) continue;
    is_over = 1;
    for (int i = 0; i < connections; i++) pthread_join(loads[i].thread, NULL);
    for (int i = 0; i < connections; i++) {
        const struct wait *const waits = loads[i].waits;
        for (size_t k = 0; k < loads[i].count; k++) printf("%lld %lld\n", waits[k].began, waits[k].took);
    }
    return 0;
}
