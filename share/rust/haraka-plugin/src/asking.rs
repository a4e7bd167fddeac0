//! Questions inside a hook: to the client, and to other plugins. The hook stays open, and its `Next` comes back with the answer.

use crate::abi::*;
use crate::border::{callback, host, Error};
use crate::hook::{destroy, Answer, Next};
use crate::value::{bytes, lent, Value};
use std::ffi::c_void;

/// The host has refused a question, and here is what the answer hangs on.
pub struct Refused {
    pub error: Error,
    pub next: Next,
}

impl std::fmt::Debug for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Refused({})", self.error)
    }
}

/// What waits for an answer. When the hook ends before, it is dropped, and its Next with it.
pub(crate) struct Asking<F> {
    waiting: Option<(Next, F)>,
}

/// Hands `body` and the right to answer to the host by `give`.
pub(crate) fn ask<F>(
    next: Next,
    body: F,
    give: impl FnOnce(haraka_next, *mut c_void, haraka_destroy) -> i32,
) -> Result<(), Refused> {
    let handle = haraka_next { bits: next.handle };
    let context = Box::into_raw(Box::new(Asking { waiting: Some((next, body)) }));
    let status = give(handle, context.cast(), destroy::<Asking<F>>);
    if status >= 0 {
        return Ok(());
    }
    // Safety: a call that is refused has taken nothing.
    match unsafe { Box::from_raw(context) }.waiting {
        Some((next, _)) => Err(Refused { error: Error(status), next }),
        None => unreachable!("the host has run what it refused"),
    }
}

/// The answer has come; a second one would find nothing.
///
/// # Safety
/// `context` must be that of an `Asking<F>`.
pub(crate) unsafe fn answered<F>(context: *mut c_void, run: impl FnOnce(F, Next)) {
    if let Some((next, body)) = (*(context as *mut Asking<F>)).waiting.take() {
        callback(move || run(body, next));
    }
}

unsafe extern "C" fn line_came<F: FnOnce(Option<Vec<u8>>, Next)>(context: *mut c_void, status: i32, line: haraka_str) {
    let line = (status >= 0).then(|| bytes(line).to_vec());
    answered(context, move |body: F, next| body(line, next));
}

unsafe extern "C" fn verdict_came<F: FnOnce(Answer, Next)>(
    context: *mut c_void,
    code: i32,
    reply: *const haraka_reply,
) {
    let text = reply.as_ref().filter(|reply| reply.line_count > 0).map(|reply| {
        let lines = (0..reply.line_count).map(|index| String::from_utf8_lossy(bytes(*reply.lines.add(index))));
        lines.collect::<Vec<_>>().join("\n")
    });
    let answer = match text {
        Some(text) => Answer::with(code, text),
        None => Answer::code(code),
    };
    answered(context, move |body: F, next| body(answer, next));
}

impl Next {
    /// Sends a reply of one line and gives back the client's next line, whatever it says, without its line end; none: it had more
    /// than `limit` bytes, and is lost. The hook's time limit stands still. Loop thread.
    ///
    /// ```no_run
    /// # fn hook(next: haraka_plugin::Next) {
    /// let asked = next.ask_client(334, "VXNlcm5hbWU6", 12288, |line, next| match line {
    ///     Some(line) if line == b"YW5u" => next.ok(),
    ///     _ => next.deny("not you"),
    /// });
    /// if let Err(refused) = asked {
    ///     refused.next.proceed();
    /// }
    /// # }
    /// ```
    pub fn ask_client<F>(self, code: u32, text: &str, limit: usize, body: F) -> Result<(), Refused>
    where
        F: FnOnce(Option<Vec<u8>>, Next) + 'static,
    {
        let line = lent(text);
        let reply = haraka_reply {
            size: std::mem::size_of::<haraka_reply>(),
            lines: &line,
            line_count: 1,
            code,
            status_class: 0,
            reserved: 0,
            status_subject: 0,
            status_detail: 0,
            reserved2: [0; 3],
            value: std::ptr::null(),
        };
        ask(self, body, |next, context, destroy| {
            let record = haraka_line_callback { function: Some(line_came::<F>), context, destroy: Some(destroy) };
            unsafe { (host().ask_client)(next, &reply, limit, &record) }
        })
    }

    /// Asks the plugins of a hook that the core does not ask by itself, and gives back what they have decided:
    /// `Answer::CONTINUE` if nobody did. `HARAKA_E_ABSENT`: nobody is on it. Loop thread.
    pub fn ask_hook<F>(self, hook: &str, arguments: Vec<Value>, body: F) -> Result<(), Refused>
    where
        F: FnOnce(Answer, Next) + 'static,
    {
        Value::List(arguments).lend(|list| {
            // Safety: what `lend` gives is a list, for as long as this closure runs.
            let list = unsafe { (*list).as_.list };
            ask(self, body, |next, context, destroy| {
                let record =
                    haraka_verdict_callback { function: Some(verdict_came::<F>), context, destroy: Some(destroy) };
                unsafe { (host().ask_hook)(next, lent(hook), list.items, list.count, &record) }
            })
        })
    }
}
