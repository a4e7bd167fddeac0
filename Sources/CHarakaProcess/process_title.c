/* What ps shows for a process is the memory in which the system left its arguments and environment at the start. To show
 * something else the text is written there; the environment moves to memory of our own first. */
#define _GNU_SOURCE
#include "include/haraka_process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static struct {
    char *start;
    size_t room;    /* arguments and environment */
    char *original; /* the arguments as they were */
    size_t original_size;
} area;

/* /proc/self/stat: fields 48 to 51 are where arguments and environment begin and end. The second field is a name in
 * brackets that may hold anything, so counting begins behind the last bracket. */
static int find_area(unsigned long ends[4])
{
    char text[4096];
    FILE *file = fopen("/proc/self/stat", "re");
    if (file == NULL) return -1;
    const size_t count = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[count] = '\0';
    char *at = strrchr(text, ')');
    if (at == NULL) return -1;
    for (int field = 3; field <= 51; field++) {
        at = strchr(at + 1, ' ');
        if (at == NULL) return -1;
        if (field >= 48) ends[field - 48] = strtoul(at + 1, NULL, 10);
    }
    return 0;
}

/* Threads that read the old environment meanwhile still find readable memory there. */
static int move_environment(void)
{
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL) count++;
    char **copy = calloc(count + 1, sizeof *copy);
    if (copy == NULL) return -1;
    for (size_t index = 0; index < count; index++) {
        copy[index] = strdup(environ[index]);
        if (copy[index] == NULL) return -1;
    }
    environ = copy;
    return 0;
}

static int prepare(void)
{
    unsigned long ends[4];
    if (area.start != NULL) return 0;
    if (find_area(ends) != 0 || ends[1] <= ends[0] + 1) {
        errno = ENOTSUP;
        return -1;
    }
    const size_t arguments = ends[1] - ends[0];
    const int is_one_piece = ends[2] == ends[1] && ends[3] > ends[2];
    char *original = malloc(arguments);
    if (original == NULL || move_environment() != 0) {
        free(original);
        errno = ENOMEM;
        return -1;
    }
    area.start = (char *)ends[0];
    area.room = is_one_piece ? ends[3] - ends[0] : arguments;
    area.original = original;
    area.original_size = arguments;
    memcpy(original, area.start, arguments);
    return 0;
}

int haraka_process_title(const char *text, size_t count)
{
    if (prepare() != 0) return -1;
    memset(area.start, 0, area.room);
    if (count == 0) {
        memcpy(area.start, area.original, area.original_size);
        return 0;
    }
    /* One byte stays 0: the system reads on behind the arguments until it meets one. */
    if (count > area.room - 1) count = area.room - 1;
    memcpy(area.start, text, count);
    /* A last byte that is not 0 tells the system that the title goes on behind the arguments' own end. */
    if (count < area.original_size) memset(area.start + count, ' ', area.original_size - count);
    if (area.original_size >= area.room) area.start[area.room - 1] = '\0';
    return 0;
}
