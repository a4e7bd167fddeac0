//! @NAME@: refuses recipients that nobody reads mail for.

use haraka_plugin::{plugin, Address, Answer, Plugin};
use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;

// Who the plugin is. The server reads this without running it: haraka -l, haraka -h @NAME@.
plugin! {
    name: "@NAME@",
    version: "0.1",
    summary: "Refuses recipients that nobody reads mail for",
    note: "hooks=rcpt\0help=Refuses the recipients that `@FILE@.list` names: local parts or addresses, one a line.\n\0",
    register: register,
}

const LIST: &str = "@FILE@.list";

/// Runs once, when the plugin is loaded. An error refuses to load.
fn register(plugin: &Plugin) -> Result<(), Box<dyn Error>> {
    // One thread runs all hooks and callbacks, so there is no lock.
    let names = Rc::new(RefCell::new(read_list(plugin)?));

    // Runs at each RCPT TO. More hooks are added in the same way: connect, helo, ehlo, mail, data_post, queue, disconnect ...
    let listed = names.clone();
    plugin.hook("rcpt", 0, move |call| {
        let (Some(transaction), Some(to)) = (call.transaction(), call.address(0)) else { return Answer::CONTINUE };
        // CONTINUE lets the next plugin decide. OK would accept the recipient: no other plugin is asked then.
        if !refuses(&listed.borrow(), to) {
            return Answer::CONTINUE;
        }
        transaction.result("fail", "listed");
        Answer::deny("nobody reads mail to this address")
    })?;

    // Again whenever the file has changed. If nothing of it can be used, the log says why, and the old list stays.
    let plugin = *plugin;
    plugin.watch(LIST, move || {
        if let Ok(read) = read_list(&plugin) {
            *names.borrow_mut() = read;
        }
    })?;
    Ok(())
}

fn read_list(plugin: &Plugin) -> Result<Vec<Vec<u8>>, haraka_plugin::Error> {
    Ok(plugin.list(LIST)?.items().iter().map(|name| name.text().to_vec()).collect())
}

fn refuses(names: &[Vec<u8>], to: Address) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(to.user()) || name.eq_ignore_ascii_case(to.address()))
}

// Next steps:
//   - Nothing may block in a hook: other clients are waiting. plugin.hook_with_next("rcpt", 0, |call, next| ...) answers later:
//     next.after(500, |next| ...) waits, next.offload(|| ..., |output, next| ...) works on another thread.
//   - transaction.set_note leaves data for other plugins, transaction.add_header puts a header on the message, call.log writes
//     a line.
//   - `shutdown: function,` in plugin! runs a fn(&Plugin) when the plugin's last connection has gone.
