"""Clients with any address, and what a plugin has recorded about them: for tests of plugins that look names up."""
import tempfile

from inline import NOTHING, hooked, server_with
from server import Server


def clients(*addresses):
    """C code that gives the first connection the first address, and so on; the last one stays."""
    array = ", ".join(f'"{address}"' for address in addresses)
    return hooked(connect_init=f"""
        static const char *const addresses[] = {{{array}}};
        static unsigned count;
        haraka_value ip = haraka_text_value(haraka_text(addresses[count]));
        if (count + 1 < sizeof addresses / sizeof *addresses) count++;
        (void)haraka_table->set(haraka_of_connection(call->connection), HARAKA_CONN_REMOTE_IP, &ip);
        return HARAKA_CONT;""")


def show(plugin):
    """C code that answers NOOP with what `plugin` has recorded about the connection, and VRFY with that about the transaction."""
    def collate(hook, what):
        return f"""
HARAKA_HOOK({hook}) {{
    haraka_str text = {{0}};
    (void)haraka_table->result_collate({what}, haraka_text("{plugin}"), &text);
    return haraka_answer_text(call, HARAKA_DENY, text);
}}
"""
    return (NOTHING + collate("noop", "haraka_of_connection(call->connection)")
            + collate("vrfy", "haraka_of_transaction(call->transaction)"))


def server(name_server, plugin, addresses=("1.2.3.4",), plugins=(), code=None, **files):
    """A server, not yet started, whose clients have these addresses, with the plugin, and others behind it."""
    config = {"log.ini": "level=info\n", **name_server.config(), **files}
    parts = {"clients": clients(*addresses), "show": show(plugin), **(code or {})}
    with tempfile.TemporaryDirectory(prefix="haraka-test-") as scratch:
        return server_with(scratch, ["clients", plugin, *plugins, "show"], parts, config, Server)
