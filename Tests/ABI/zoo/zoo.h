/*
 * What the animals of the zoo share. Each .c file here is one plugin with one ability or one misuse; the tests of the
 * plugin host compile it (with -DZOO_NAME="name"), load it and look at what it says.
 *
 * say() logs at the level PROTOCOL, which nothing else here uses. Tests talk to a plugin through the hook
 * unrecognized_command: WORD and rest.
 */
#ifndef ZOO_H
#define ZOO_H

#include <haraka/plugin.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZOO_PLUGIN(more) HARAKA_PLUGIN(ZOO_NAME, "1.0", "one of the zoo", more)
#define UNUSED __attribute__((unused))

/* Who speaks where no call is at hand: in destroy functions and on other threads. */
static haraka_self me UNUSED;

static UNUSED __attribute__((format(printf, 2, 3))) void say(haraka_self self, const char *format, ...)
{
    char line[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    haraka_log(self, HARAKA_LOG_PROTOCOL, haraka_of_server(), line);
}

/* Text for `%s`: NUL is shown as @. */
static UNUSED const char *visible(char *text, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) if (text[i] == '\0') text[i] = '@';
    return text;
}

/* The name of a status without HARAKA_E_. */
static UNUSED const char *status_text(int64_t status)
{
    static const char *const names[] = {"SUCCESS", "ARGUMENT", "HANDLE", "WRONG_THREAD", "STATE", "ABSENT", "TYPE",
                                        "LIMIT", "ANSWERED", "TIMED_OUT", "GONE", "REVOKED", "IO", "ABI",
                                        "UNSUPPORTED"};
    static char number[24];
    if (status <= 0 && status > -15) return names[-status];
    snprintf(number, sizeof number, "%lld", (long long)status);
    return number;
}

/* NUL-terminated copies of the arguments, for strcmp and atoi. */
static UNUSED const char *argument(const haraka_call *call, size_t index)
{
    static char copies[4][1024];
    const haraka_str text = haraka_argument_text(call, index);
    const size_t count = text.len < sizeof copies[0] ? text.len : sizeof copies[0] - 1;
    if (count > 0) memcpy(copies[index & 3], text.ptr, count);
    copies[index & 3][count] = '\0';
    return copies[index & 3];
}

#define COMMAND(text) if (strcmp(argument(call, 0), text) == 0)
#define REST argument(call, 1)

static UNUSED void show_into(char **at, char *end, const haraka_value *v)
{
    size_t i;
#define PUT(...) (*at += snprintf(*at, (size_t)(end - *at), __VA_ARGS__), *at = *at > end - 1 ? end - 1 : *at)
    switch (v->type) {
    case HARAKA_TYPE_NULL: PUT("null"); break;
    case HARAKA_TYPE_BOOLEAN: PUT("%s", v->as.integer ? "true" : "false"); break;
    case HARAKA_TYPE_INTEGER: PUT("%lld", (long long)v->as.integer); break;
    case HARAKA_TYPE_NUMBER: PUT("%g", v->as.number); break;
    case HARAKA_TYPE_TEXT: PUT("\"%.*s\"", (int)v->as.text.len, v->as.text.ptr ? v->as.text.ptr : ""); break;
    case HARAKA_TYPE_ADDRESS:
        PUT("<%.*s|%.*s>", (int)v->as.address->user.len, v->as.address->user.ptr, (int)v->as.address->host.len,
            v->as.address->host.ptr);
        break;
    case HARAKA_TYPE_MX:
        PUT("mx(%.*s,%d,%u)", (int)v->as.mx->exchange.len, v->as.mx->exchange.ptr, v->as.mx->priority, v->as.mx->port);
        break;
    case HARAKA_TYPE_LIST:
        PUT("[");
        for (i = 0; i < v->as.list.count; i++) {
            if (i > 0) PUT(",");
            show_into(at, end, &v->as.list.items[i]);
        }
        PUT("]");
        break;
    case HARAKA_TYPE_MAP:
        PUT("{");
        for (i = 0; i < v->as.map.count; i++) {
            if (i > 0) PUT(",");
            PUT("%.*s:", (int)v->as.map.entries[i].key.len, v->as.map.entries[i].key.ptr);
            show_into(at, end, &v->as.map.entries[i].value);
        }
        PUT("}");
        break;
    default: PUT("type %u", v->type);
    }
#undef PUT
}

/* A value as text. Overwritten by the next call. */
static UNUSED const char *show(const haraka_value *v)
{
    static char buffer[4096];
    char *at = buffer;
    buffer[0] = '\0';
    show_into(&at, buffer + sizeof buffer, v);
    return buffer;
}

/* The arguments of a call as text. */
static UNUSED const char *show_arguments(const haraka_call *call)
{
    const haraka_value list = haraka_list_value(call->arguments, call->argument_count);
    return show(&list);
}

/* A destroy function that says what it was given, which must be a text literal. */
static UNUSED void say_destroyed(void *context) { say(me, "destroyed %s", (const char *)context); }

#endif
