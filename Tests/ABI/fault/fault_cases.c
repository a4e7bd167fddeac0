/* The frame of the cases: loads the plugin, names it on the page, installs the handlers. */
#define _GNU_SOURCE
#include "fault_cases.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

haraka_fault_page *page;
uint32_t plugin, hook;
static plugin_hook entry;

void fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    _exit(99);
}

/* ---- the host ---------------------------------------------------------------------------------------------------- */

void enter(void)
{
    page->loop.hook = hook;
    page->loop.connection = 8;
    page->loop.calls++;
    page->loop.plugin = plugin;
}

void leave(void)
{
    page->last = page->loop;
    page->loop.plugin = 0;
}

int call(const char *deed, int number)
{
    int answer;
    enter();
    answer = entry(deed, number, &host);
    leave();
    return answer;
}

int call_plainly(const char *deed, int number)
{
    return entry(deed, number, &host);
}

static int close_for(int descriptor)
{
    int answer = close(descriptor);
    /* Not as this function's end: it shall be called. */
    __asm__ volatile("" ::: "memory");
    return answer;
}

/* A call inside the call, which ends at once. */
static void nested(void)
{
    haraka_fault_frame outer = page->loop;
    page->loop.calls++;
    page->loop.plugin = plugin;
    page->loop.plugin = outer.plugin;
}

const host_table host = {close_for, nested};

/* ---- loading ----------------------------------------------------------------------------------------------------- */

static int find_mapping(struct dl_phdr_info *info, size_t size, void *name)
{
    (void)size;
    if (strcmp(info->dlpi_name, name) != 0)
        return 0;
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[index];
        const char *start = (const char *)info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0)
            haraka_fault_set_mapping(page, plugin, start, start + segment->p_memsz);
    }
    return 1;
}

static void load(char *path)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL)
        fail(__FILE__, __LINE__, dlerror());
    entry = (plugin_hook)(uintptr_t)dlsym(object, "run");
    haraka_fault_add_plugin(page, "bystander", "0000", 1);
    plugin = haraka_fault_add_plugin(page, "villain", "0123456789abcdef", 3);
    hook = haraka_fault_hook(page, "rcpt");
    haraka_fault_set_connection(page, 7, "6F0C3A1E-0000-4000-8000-000000000001", "192.0.2.7");
    dl_iterate_phdr(find_mapping, path);
}

static void (*find(const char *name))(void)
{
    const fault_case *lists[] = {crash_cases, watch_cases, descriptor_cases};
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++)
        for (const fault_case *entry = lists[list]; entry->name != NULL; entry++)
            if (strcmp(entry->name, name) == 0)
                return entry->run;
    return NULL;
}

int main(int count, char **words)
{
    const struct rlimit no_core = {0, 0};
    void (*run)(void) = count == 3 ? find(words[1]) : NULL;
    CHECK(run != NULL);
    setrlimit(RLIMIT_CORE, &no_core);
    page = haraka_fault_page_map(3);
    CHECK(page != NULL);
    CHECK(haraka_fault_install(page) == 0);
    load(words[2]);
    run();
    return 0;
}
