//! Hooks: what a plugin is asked, and its answers, now or later.

use crate::abi::*;
use crate::border::{callback, complete, complete_with, guarded, host, Error};
use crate::object::{Connection, Object, Transaction};
use crate::outbound::HMail;
use crate::value::{bytes, lent, null, Address, Value, View};
use crate::{Level, Plugin};
use std::ffi::c_void;

/// One question of the host's. It cannot be kept: everything in it is lent until the hook returns.
pub struct Call<'a>(&'a haraka_call);

impl<'a> Call<'a> {
    /// On whose behalf the hook runs: for an inherited method, the child.
    pub fn plugin(&self) -> Plugin {
        Plugin { handle: self.0.owner.bits }
    }
    /// The hook that runs, so that one function can serve several.
    pub fn hook(&self) -> &'a [u8] {
        unsafe { bytes(self.0.hook) }
    }
    pub fn connection(&self) -> Connection {
        Connection(Object { handle: self.0.connection.bits, owner: self.0.owner.bits })
    }
    /// None outside a transaction.
    pub fn transaction(&self) -> Option<Transaction> {
        let handle = self.0.transaction.bits;
        (handle != 0).then_some(Transaction(Object { handle, owner: self.0.owner.bits }))
    }
    /// The mail that an outbound hook is about.
    pub fn hmail(&self) -> Option<HMail> {
        let handle = self.0.hmail.bits;
        (handle != 0).then_some(HMail(Object { handle, owner: self.0.owner.bits }))
    }
    /// What this call is about: the queued mail, else the transaction, else the connection, else the server.
    pub fn object(&self) -> Object {
        let of_client = || self.transaction().map_or(*self.connection(), |transaction| *transaction);
        self.hmail().map_or_else(of_client, |mail| *mail)
    }

    /// An argument; null if there are fewer. `mail` and `rcpt` have (address, map of ESMTP parameters), `helo` (host) ...
    pub fn argument(&self, index: usize) -> View<'a> {
        let value = if index < self.0.argument_count { unsafe { *self.0.arguments.add(index) } } else { null() };
        unsafe { View::new(value) }
    }
    /// An argument that is an address (`mail`, `rcpt`, `rcpt_ok`).
    pub fn address(&self, index: usize) -> Option<Address<'a>> {
        self.argument(index).address()
    }
    /// An argument that is a text; empty if it is none.
    pub fn text(&self, index: usize) -> &'a [u8] {
        self.argument(index).text()
    }
    pub fn log(&self, level: Level, text: impl AsRef<[u8]>) {
        self.object().log(level, text);
    }
}

/// What a hook that decides at once returns: a code, perhaps with words for the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    code: i32,
    text: Option<String>,
    value: Option<Value>,
}

impl Answer {
    /// Let the next plugin of this hook decide.
    pub const CONTINUE: Answer = Answer::code(HARAKA_CONT);
    /// Accept; no further plugin is asked.
    pub const OK: Answer = Answer::code(HARAKA_OK);

    /// A code alone (`abi::HARAKA_...`), with the core's own words.
    pub const fn code(code: i32) -> Answer {
        Answer { code, text: None, value: None }
    }
    /// A code with words; `\n` begins a new line.
    pub fn with(code: i32, text: impl Into<String>) -> Answer {
        Answer { code, text: Some(text.into()), value: None }
    }
    /// A code with the value that the hook documents: seconds for `send_email`, `host:port` or a URL for `get_mx` ...
    pub fn with_value(code: i32, value: impl Into<Value>) -> Answer {
        Answer { code, text: None, value: Some(value.into()) }
    }
    /// Gives it to the host.
    fn complete(&self, next: u64) -> i32 {
        let text = self.text.as_deref().map(str::as_bytes);
        match &self.value {
            None => complete(next, self.code, text),
            Some(value) => value.lend(|value| complete_with(next, self.code, text, value)),
        }
    }
    /// The code: `abi::HARAKA_...`.
    pub fn number(&self) -> i32 {
        self.code
    }
    /// The words, if there are any.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
    /// Refuse for good, 5xx.
    pub fn deny(text: impl Into<String>) -> Answer {
        Answer::with(HARAKA_DENY, text)
    }
    /// Refuse for now, 4xx.
    pub fn deny_soft(text: impl Into<String>) -> Answer {
        Answer::with(HARAKA_DENYSOFT, text)
    }
}

/// The right to answer one hook once. Answering consumes it; one that is dropped unanswered answers with a temporary refusal
/// and a critical line. Any thread.
#[must_use = "a hook must be answered"]
pub struct Next {
    pub(crate) handle: u64,
    pub(crate) owner: u64,
}

impl Next {
    fn taken(self) -> (u64, u64) {
        let taken = (self.handle, self.owner);
        std::mem::forget(self);
        taken
    }

    /// Any answer. An error says why nobody took it: the client left, the time was over.
    pub fn answer(self, answer: Answer) -> Result<(), Error> {
        let (handle, _) = self.taken();
        Error::check(answer.complete(handle))
    }
    /// Let the next plugin of this hook decide.
    pub fn proceed(self) {
        let _ = self.answer(Answer::CONTINUE);
    }
    pub fn ok(self) {
        let _ = self.answer(Answer::OK);
    }
    pub fn deny(self, text: impl Into<String>) {
        let _ = self.answer(Answer::deny(text));
    }
    pub fn deny_soft(self, text: impl Into<String>) {
        let _ = self.answer(Answer::deny_soft(text));
    }
    /// The plugin that was asked.
    pub fn plugin(&self) -> Plugin {
        Plugin { handle: self.owner }
    }

    /// Hands the right back after some milliseconds. Loop thread.
    pub fn after(self, milliseconds: i64, body: impl FnOnce(Next) + 'static) {
        let plugin = self.plugin();
        if plugin.after(milliseconds, move || body(self)).is_err() {
            plugin.log(Level::Error, "no timer for a delayed answer");
        }
    }

    /// Runs `work` on a thread for slow things (files, sync), then hands its output and the right back on the loop. `work`
    /// must not touch connections, transactions, notes or results. If it panics, the answer is "plugin failed".
    pub fn offload<Output: Send + 'static>(
        self,
        work: impl FnOnce() -> Output + Send + 'static,
        then: impl FnOnce(Output, Next) + 'static,
    ) {
        let plugin = self.plugin();
        let started = plugin.start_job(work, move |output| match output {
            Ok(output) => then(output, self),
            Err(what) => self.fail(&what),
        });
        if started.is_err() {
            plugin.log(Level::Error, "offload refused: the work was not done");
        }
    }

    fn fail(self, what: &str) {
        let (handle, owner) = self.taken();
        Plugin { handle: owner }.log(Level::Crit, format!("failed: {what}"));
        complete(handle, HARAKA_DENYSOFT, Some(b"plugin failed"));
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        // A panic on its way out: who catches it writes the line.
        if std::thread::panicking() {
            complete(self.handle, HARAKA_DENYSOFT, Some(b"plugin failed"));
            return;
        }
        if complete(self.handle, HARAKA_DENYSOFT, Some(b"plugin gave no answer")) >= 0 {
            self.plugin().log(Level::Crit, "gave no answer: a Next was dropped");
        }
    }
}

/// Runs what was registered with `context`.
unsafe extern "C" fn decide<F: Fn(&Call) -> Answer>(call: *const haraka_call) -> i32 {
    let Some(call) = call.as_ref() else { return HARAKA_CONT };
    let body = &*(call.context as *const F);
    match guarded(|| body(&Call(call))) {
        Ok(Answer { code, text: None, value: None }) => return code,
        Ok(answer) => {
            answer.complete(call.next.bits);
        }
        Err(what) => {
            Call(call).log(Level::Crit, format!("failed: {what}"));
            complete(call.next.bits, HARAKA_DENYSOFT, Some(b"plugin failed"));
        }
    }
    HARAKA_PENDING
}

unsafe extern "C" fn ask<F: Fn(&Call, Next)>(call: *const haraka_call) -> i32 {
    let Some(call) = call.as_ref() else { return HARAKA_CONT };
    let body = &*(call.context as *const F);
    let next = Next { handle: call.next.bits, owner: call.owner.bits };
    // The Next is inside: a panic drops it, and that answers.
    if let Err(what) = guarded(move || body(&Call(call), next)) {
        Call(call).log(Level::Crit, format!("failed: {what}"));
    }
    HARAKA_PENDING
}

pub(crate) unsafe extern "C" fn destroy<T>(context: *mut c_void) {
    callback(|| drop(Box::from_raw(context as *mut T)));
}

impl Plugin {
    /// Decides at once. Priority -100 (first) to 100 (last); 0 is the order of config/plugins. Inside registration only.
    pub fn hook<F>(&self, name: &str, priority: i32, body: F) -> Result<(), Error>
    where
        F: Fn(&Call) -> Answer + 'static,
    {
        self.add(name, priority, decide::<F>, body)
    }

    /// Decides at once or later, through its `Next`.
    pub fn hook_with_next<F>(&self, name: &str, priority: i32, body: F) -> Result<(), Error>
    where
        F: Fn(&Call, Next) + 'static,
    {
        self.add(name, priority, ask::<F>, body)
    }

    fn add<F>(&self, name: &str, priority: i32, function: haraka_function, body: F) -> Result<(), Error> {
        let context = Box::into_raw(Box::new(body));
        let status = unsafe {
            (host().register_function)(
                self.raw(),
                lent(name),
                Some(function),
                context.cast(),
                Some(destroy::<F>),
                priority,
            )
        };
        taken_or_freed(status, context)
    }

    /// Takes over the methods and hooks of a parent, which is loaded if need be. Inside registration only.
    pub fn inherits(&self, parent: &str) -> Result<(), Error> {
        Error::check(unsafe { (host().inherits)(self.raw(), lent(parent)) })
    }

    /// Runs `body` once on the loop, after some milliseconds. Loop thread.
    pub fn after(&self, milliseconds: i64, body: impl FnOnce() + 'static) -> Result<Timer, Error> {
        let mut body = Some(body);
        self.timer(milliseconds, 0, move || {
            if let Some(body) = body.take() {
                body();
            }
        })
    }

    /// Runs `body` on the loop again and again. Loop thread.
    pub fn every(&self, milliseconds: i64, body: impl FnMut() + 'static) -> Result<Timer, Error> {
        self.timer(milliseconds, milliseconds, body)
    }

    fn timer<F: FnMut() + 'static>(&self, delay: i64, period: i64, body: F) -> Result<Timer, Error> {
        let mut out = haraka_timer { bits: 0 };
        self.lend_callback(body, |callback| unsafe {
            (host().timer_start)(self.raw(), delay, period, callback, &mut out)
        })?;
        Ok(Timer(out))
    }

    /// Runs `body` on the loop, soon. Any thread.
    pub fn post(&self, body: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let mut body = Some(body);
        let once = move || {
            if let Some(body) = body.take() {
                body();
            }
        };
        self.lend_callback(once, |callback| unsafe { (host().post)(self.raw(), callback) })
    }

    /// Runs `body` after config/`name` has changed. Loop thread.
    pub fn watch(&self, name: &str, body: impl FnMut() + 'static) -> Result<(), Error> {
        self.lend_callback(body, |callback| unsafe { (host().config_watch)(self.raw(), lent(name), callback) })
    }

    fn lend_callback<F: FnMut() + 'static>(
        &self,
        body: F,
        start: impl FnOnce(*const haraka_callback) -> i32,
    ) -> Result<(), Error> {
        unsafe extern "C" fn run<F: FnMut()>(context: *mut c_void) {
            callback(|| (*(context as *mut F))());
        }
        let context = Box::into_raw(Box::new(body));
        let record = haraka_callback { function: Some(run::<F>), context: context.cast(), destroy: Some(destroy::<F>) };
        taken_or_freed(start(&record), context)
    }

    fn start_job<Output, Then>(&self, work: impl FnOnce() -> Output + Send + 'static, then: Then) -> Result<(), Error>
    where
        Output: Send + 'static,
        Then: FnOnce(Result<Output, String>) + 'static,
    {
        struct Whole<Output, Then> {
            work: Option<Box<dyn FnOnce() -> Output + Send>>,
            output: Option<Result<Output, String>>,
            then: Option<Then>,
        }
        unsafe extern "C" fn run<Output, Then>(context: *mut c_void) {
            let whole = &mut *(context as *mut Whole<Output, Then>);
            whole.output = whole.work.take().map(guarded);
        }
        unsafe extern "C" fn done<Output, Then: FnOnce(Result<Output, String>)>(context: *mut c_void) {
            // The host orders the two threads: this runs after `work` has returned.
            let whole = &mut *(context as *mut Whole<Output, Then>);
            if let (Some(then), Some(output)) = (whole.then.take(), whole.output.take()) {
                callback(|| then(output));
            }
        }
        let whole = Whole::<Output, Then> { work: Some(Box::new(work)), output: None, then: Some(then) };
        let context = Box::into_raw(Box::new(whole));
        let record = haraka_callback {
            function: Some(done::<Output, Then>),
            context: context.cast(),
            destroy: Some(destroy::<Whole<Output, Then>>),
        };
        let status = unsafe { (host().offload)(self.raw(), Some(run::<Output, Then>), &record) };
        taken_or_freed(status, context)
    }
}

/// A call that is refused has taken nothing: the context is still ours.
pub(crate) fn taken_or_freed<T>(status: i32, context: *mut T) -> Result<(), Error> {
    if status < 0 {
        drop(unsafe { Box::from_raw(context) });
    }
    Error::check(status)
}

/// A timer that was started.
#[derive(Clone, Copy)]
pub struct Timer(haraka_timer);

impl Timer {
    /// It will not run (again). Harmless if it has run. Loop thread.
    pub fn cancel(self) {
        unsafe { (host().timer_cancel)(self.0) };
    }
}
