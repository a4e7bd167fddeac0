/* A line to standard error from a process that has no supervisor to read its record (nodes=0). In a signal handler: no
 * memory, no locks, no formatting of the C library's. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <string.h>
#include <unistd.h>

struct line {
    char text[512];
    size_t length;
};

static void add(struct line *line, const char *text, size_t limit)
{
    size_t length = strnlen(text, limit), room = sizeof line->text - 1 - line->length;
    if (length > room)
        length = room;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void add_number(struct line *line, unsigned number)
{
    char digits[12];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && at > 0);
    add(line, digits + at, sizeof digits - at);
}

void haraka_fault_say_last_words(const haraka_fault_page *page)
{
    const haraka_fault_record *record = &page->record;
    const uint32_t index = record->frame.plugin != 0 ? record->frame.plugin : record->blamed_by_address;
    const haraka_fault_plugin *plugin = haraka_fault_plugin_entry(page, index);
    const char *hook = haraka_fault_hook_entry(page, record->frame.hook);
    const haraka_fault_connection *client = haraka_fault_connection_entry(page, record->frame.connection);
    struct line line = {.length = 0};

    add(&line, "[CRIT] [-] [core] ", 64);
    if (plugin != NULL) {
        add(&line, "plugin ", 16);
        add(&line, plugin->name, sizeof plugin->name);
        add(&line, " (", 2);
        add(&line, plugin->hash, 12);
        add(&line, ")", 1);
    } else {
        add(&line, "the server", 16);
    }
    add(&line, " crashed", 16);
    if (plugin != NULL && hook != NULL) {
        add(&line, " in hook ", 16);
        add(&line, hook, 64);
    }
    if (plugin != NULL && client != NULL) {
        add(&line, " for connection ", 32);
        add(&line, client->uuid, sizeof client->uuid);
    }
    add(&line, ": signal ", 16);
    add_number(&line, (unsigned)record->signal);
    add(&line, "; with nodes=0 that is the end of the server\n", 64);
    /* Nothing can be done about an error. */
    if (write(STDERR_FILENO, line.text, line.length) < 0)
        return;
}
