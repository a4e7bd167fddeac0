"""Plugins of a few lines, written inside the tests."""
import os

from server import Server, compile_plugin

NOTHING = "HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }\n"


def compiled(folder, name, text, *flags):
    """The path of the shared object of a plugin `name`, whose C code is `text`."""
    stem = os.path.join(folder, name.replace("/", "_"))
    with open(f"{stem}.c", "w", encoding="ascii") as out:
        out.write("#include <haraka/plugin.h>\n"
                  f'HARAKA_PLUGIN("{name}", "1.0", "Made for a test", HARAKA_NOTHING_ELSE);\n')
        out.write(text)
    return compile_plugin(f"{stem}.c", f"{stem}.so", *flags)


def hooked(**hooks):
    """C code of a plugin that has nothing but hooks, each given by its body."""
    return NOTHING + "".join(f"HARAKA_HOOK({name}) {{ (void)call; {body} }}\n" for name, body in hooks.items())


def server_with(folder, plugins, code, config=None, kind=Server):
    """A server, not yet started, with the `plugins` listed; those that `code` (name: C code) has are compiled first."""
    server = kind(plugins=plugins, config=config)
    for name, text in code.items():
        server.install(name, compiled(folder, name, text))
    return server
