/* The tables that give names to the numbers in frames, and the frames of jobs. */
#define _GNU_SOURCE
#include "fault_internal.h"

#include <string.h>

__thread haraka_fault_frame *haraka_fault_own_frame;

/* Cuts what is too long; the last byte is always NUL. */
static void copy_text(char *target, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);
    memcpy(target, text, length);
    memset(target + length, 0, size - length);
}

/* ---- plugins ----------------------------------------------------------------------------------------------------- */

static uint32_t plugin_limit(const haraka_fault_page *page)
{
    uint32_t limit = page->plugin_limit;
    return limit < HARAKA_FAULT_PLUGINS ? limit : HARAKA_FAULT_PLUGINS;
}

/* One that was never used if there is one: `last` and old log lines may still mean those that were. */
static haraka_fault_plugin *free_plugin(haraka_fault_page *page)
{
    uint32_t limit = plugin_limit(page);
    if (limit < HARAKA_FAULT_PLUGINS) {
        page->plugin_limit = limit + 1;
        return &page->plugins[limit];
    }
    for (uint32_t index = 0; index < HARAKA_FAULT_PLUGINS; index++)
        if (!page->plugins[index].is_used)
            return &page->plugins[index];
    return NULL;
}

uint32_t haraka_fault_add_plugin(haraka_fault_page *page, const char *name, const char *hash, uint32_t generation)
{
    haraka_fault_plugin *plugin = free_plugin(page);
    if (plugin == NULL)
        return 0;
    copy_text(plugin->name, sizeof plugin->name, name);
    copy_text(plugin->hash, sizeof plugin->hash, hash);
    plugin->generation = generation;
    plugin->start = plugin->end = 0;
    haraka_fault_order();
    plugin->is_used = 1;
    return (uint32_t)(plugin - page->plugins) + 1;
}

void haraka_fault_set_mapping(haraka_fault_page *page, uint32_t plugin, const void *start, const void *end)
{
    haraka_fault_plugin *entry;
    if (plugin == 0 || plugin > HARAKA_FAULT_PLUGINS)
        return;
    entry = &page->plugins[plugin - 1];
    /* In between it holds no address. */
    entry->end = 0;
    haraka_fault_order();
    entry->start = (uint64_t)(uintptr_t)start;
    haraka_fault_order();
    entry->end = (uint64_t)(uintptr_t)end;
}

void haraka_fault_remove_plugin(haraka_fault_page *page, uint32_t plugin)
{
    haraka_fault_plugin *entry;
    if (plugin == 0 || plugin > HARAKA_FAULT_PLUGINS)
        return;
    entry = &page->plugins[plugin - 1];
    entry->end = 0;
    entry->start = 0;
    entry->is_used = 0;
}

uint32_t haraka_fault_plugin_at(const haraka_fault_page *page, const void *address)
{
    uint64_t wanted = (uint64_t)(uintptr_t)address;
    uint32_t limit = plugin_limit(page);
    for (uint32_t index = 0; index < limit; index++) {
        const haraka_fault_plugin *plugin = &page->plugins[index];
        if (plugin->is_used && plugin->start <= wanted && wanted < plugin->end)
            return index + 1;
    }
    return 0;
}

/* ---- hooks and connections --------------------------------------------------------------------------------------- */

uint32_t haraka_fault_hook(haraka_fault_page *page, const char *name)
{
    const size_t size = sizeof page->hooks[0];
    /* The empty name would be taken for the table's end. */
    if (name[0] == '\0')
        return 0;
    for (uint32_t index = 0; index < HARAKA_FAULT_HOOKS; index++) {
        char *entry = page->hooks[index];
        if (entry[0] == '\0')
            copy_text(entry, size, name);
        if (strncmp(entry, name, size - 1) == 0)
            return index + 1;
    }
    return 0;
}

void haraka_fault_set_connection(haraka_fault_page *page, uint32_t index, const char *uuid, const char *remote)
{
    haraka_fault_connection *connection;
    if (index >= HARAKA_FAULT_CONNECTIONS)
        return;
    connection = &page->connections[index];
    copy_text(connection->uuid, sizeof connection->uuid, uuid);
    copy_text(connection->remote, sizeof connection->remote, remote);
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

haraka_fault_frame *haraka_fault_job_begins(haraka_fault_page *page, uint32_t plugin, uint32_t hook)
{
    int32_t thread = haraka_fault_thread();
    for (int index = 0; index < HARAKA_FAULT_JOBS; index++) {
        haraka_fault_job *job = &page->jobs[index];
        int32_t nobody = 0;
        /* Pool threads compete for entries. */
        if (!__atomic_compare_exchange_n(&job->thread, &nobody, thread, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            continue;
        job->frame.hook = hook;
        job->frame.connection = 0;
        job->frame.calls++;
        haraka_fault_order();
        job->frame.plugin = plugin;
        haraka_fault_own_frame = &job->frame;
        return &job->frame;
    }
    return NULL;
}

void haraka_fault_job_ends(haraka_fault_page *page, haraka_fault_frame *frame)
{
    haraka_fault_job *job;
    if (frame == NULL)
        return;
    job = (haraka_fault_job *)((char *)frame - offsetof(haraka_fault_job, frame));
    if (job < page->jobs || job >= page->jobs + HARAKA_FAULT_JOBS)
        return;
    /* The loop's thread may run a job too. */
    haraka_fault_own_frame =
        page == haraka_fault_installed && __atomic_load_n(&job->thread, __ATOMIC_RELAXED) == page->loop_thread
            ? &page->loop : NULL;
    frame->plugin = 0;
    __atomic_store_n(&job->thread, 0, __ATOMIC_RELEASE);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

const haraka_fault_plugin *haraka_fault_plugin_entry(const haraka_fault_page *page, uint32_t plugin)
{
    return plugin == 0 || plugin > HARAKA_FAULT_PLUGINS ? NULL : &page->plugins[plugin - 1];
}

const haraka_fault_connection *haraka_fault_connection_entry(const haraka_fault_page *page, uint32_t connection)
{
    return connection == 0 || connection > HARAKA_FAULT_CONNECTIONS ? NULL : &page->connections[connection - 1];
}

const char *haraka_fault_hook_entry(const haraka_fault_page *page, uint32_t hook)
{
    return hook == 0 || hook > HARAKA_FAULT_HOOKS ? NULL : page->hooks[hook - 1];
}

const char *haraka_fault_maps(const haraka_fault_page *page, uint32_t *size)
{
    uint32_t saved = page->record.maps_size;
    *size = saved < HARAKA_FAULT_MAPS ? saved : HARAKA_FAULT_MAPS;
    return page->record.maps;
}

uint64_t haraka_fault_address(const haraka_fault_page *page, uint32_t index)
{
    return index < page->record.count && index < HARAKA_FAULT_ADDRESSES ? page->record.addresses[index] : 0;
}

const haraka_fault_job *haraka_fault_job_entry(const haraka_fault_page *page, uint32_t index)
{
    return index < HARAKA_FAULT_JOBS && page->jobs[index].thread != 0 ? &page->jobs[index] : NULL;
}
