/* Time, names and the environment. */
#define _GNU_SOURCE
#include "haraka_kit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *haraka_kit_error_text(int32_t number)
{
    /* strerror is not safe on several threads, and its words follow the locale. */
    const char *text = strerrordesc_np(number < 0 ? -number : number);
    return text != NULL ? text : "unknown error";
}

const char *haraka_kit_environment(const char *name) { return getenv(name); }

int64_t haraka_kit_process(void) { return (int64_t)getpid(); }

void haraka_kit_host_name(char *buffer, size_t size)
{
    if (size == 0) return;
    if (gethostname(buffer, size) < 0 || buffer[0] == '\0') strncpy(buffer, "localhost", size);
    buffer[size - 1] = '\0';
}

int64_t haraka_kit_now(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0) return 0;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t haraka_kit_monotonic(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0) return 0;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t haraka_kit_local_time(int64_t seconds)
{
    struct tm local;
    const time_t moment = (time_t)seconds;
    if (localtime_r(&moment, &local) == NULL) return 0;
    const int64_t date = (local.tm_year + 1900LL) * 10000 + (local.tm_mon + 1) * 100 + local.tm_mday;
    return date * 1000000 + local.tm_hour * 10000 + local.tm_min * 100 + local.tm_sec;
}

int32_t haraka_kit_number(haraka_str text, double *number)
{
    char copy[64];
    char *end;
    if (text.len == 0 || text.len >= sizeof copy) return -EINVAL;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    *number = strtod(copy, &end);
    if (end == copy) return -EINVAL;
    while (*end == ' ' || *end == '\t') end++;
    return *end == '\0' && isfinite(*number) ? 0 : -EINVAL;
}
