//! The golden plugin in Rust. Each language has the same one; what it does stands in ../../README.md.

use haraka_plugin::{plugin, Answer, Call, Level, Next, Plugin};
use std::cell::Cell;
use std::error::Error;
use std::sync::atomic::{AtomicI64, Ordering};

plugin! {
    name: "golden",
    version: "1.0",
    summary: "Does the same in every language",
    note: "hooks=connect mail rcpt data_post queue\0licence=MIT\0",
    register: register,
    shutdown: shutdown,
}

/// For the last line, which is written when nothing of the hooks is left.
static ASKED: AtomicI64 = AtomicI64::new(0);

fn register(plugin: &Plugin) -> Result<(), Box<dyn Error>> {
    let words = String::from_utf8(plugin.ini("golden.ini", "")?.key("main").key("words").text().to_vec())?;
    let asked = Cell::new(0);
    plugin.hook("connect", 0, |call| {
        let _ = call.connection().set_note("golden.seen", true);
        Answer::CONTINUE
    })?;
    plugin.hook_with_next("mail", 0, mail)?;
    plugin.hook("rcpt", 0, move |call| {
        asked.set(asked.get() + 1);
        ASKED.store(asked.get(), Ordering::Relaxed);
        rcpt(call, asked.get(), &words)
    })?;
    plugin.hook("data_post", 0, |call| data_post(call).unwrap_or(Answer::code(haraka_plugin::abi::HARAKA_DENYSOFT)))?;
    plugin.hook("queue", 0, |_| Answer::OK)?;
    Ok(())
}

fn mail(call: &Call, next: Next) {
    match call.address(0).map(|from| from.user()) {
        Some(b"later") => next.after(25, |next| next.deny_soft("later")),
        Some(b"work") => next.offload(|| 6 * 7, |product, next| next.deny(format!("worked: {product}"))),
        _ => next.proceed(),
    }
}

fn rcpt(call: &Call, asked: i64, words: &str) -> Answer {
    let (Some(transaction), Some(to)) = (call.transaction(), call.address(0)) else { return Answer::CONTINUE };
    let _ = transaction.set_note("golden.asked", asked);
    match to.user() {
        b"fails" => panic!("out of luck"),
        b"denied" => {
            transaction.result("fail", "denied");
            Answer::deny(words)
        }
        _ => {
            transaction.result("pass", "rcpt");
            let _ = transaction.add_header("X-Golden", "yes");
            Answer::OK
        }
    }
}

fn data_post(call: &Call) -> Result<Answer, haraka_plugin::Error> {
    let Some(transaction) = call.transaction() else { return Ok(Answer::CONTINUE) };
    let mut bytes = [0; 7];
    let got = transaction.message()?.read_at(0, &mut bytes)?;
    transaction.set_note("golden.first", String::from_utf8_lossy(&bytes[..got]).as_ref())?;
    Ok(Answer::CONTINUE)
}

fn shutdown(plugin: &Plugin) {
    plugin.log(Level::Notice, format!("asked {} times", ASKED.load(Ordering::Relaxed)));
}
