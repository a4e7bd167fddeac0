//! Where calls of the host come in: nothing but a return goes back, so every panic is caught here.

use crate::abi::*;
use crate::value::lent;
use crate::{Level, Plugin};
use std::any::Any;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::Mutex;

static TABLE: AtomicPtr<haraka_host> = AtomicPtr::new(std::ptr::null_mut());
/// The plugin, for lines of callbacks, which are given no call.
static OWNER: AtomicU64 = AtomicU64::new(0);
/// Where the last panic happened; the payload that `catch_unwind` gives does not say.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// The host's table. Only reachable once `register` has run, and lent for the life of the process.
pub(crate) fn host() -> &'static haraka_host {
    let table = TABLE.load(Ordering::Acquire);
    assert!(!table.is_null(), "the plugin is not registered");
    unsafe { &*table }
}

/// A status of the host's: `abi::HARAKA_E_...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(pub i32);

impl Error {
    pub(crate) fn check(status: i32) -> Result<(), Error> {
        if status < 0 {
            Err(Error(status))
        } else {
            Ok(())
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match NUMBERS.iter().find(|(name, number)| name.starts_with("HARAKA_E_") && *number == i64::from(self.0)) {
            Some((name, _)) => out.write_str(name),
            None => write!(out, "status {}", self.0),
        }
    }
}

impl std::error::Error for Error {}

/// Runs `body`; what it said when it panicked.
pub(crate) fn guarded<Output>(body: impl FnOnce() -> Output) -> Result<Output, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
        let words = words(payload.as_ref());
        // The payload is the plugin's own: its drop may panic too.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        match PLACE.lock().unwrap_or_else(|poison| poison.into_inner()).take() {
            Some(place) => format!("{words} ({place})"),
            None => words,
        }
    })
}

fn words(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_string();
    }
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic without words".to_string())
}

/// Runs a callback; a panic becomes a critical line.
pub(crate) fn callback(body: impl FnOnce()) {
    if let Err(what) = guarded(body) {
        owner().log(Level::Crit, format!("failed: {what}"));
    }
}

pub(crate) fn owner() -> Plugin {
    Plugin { handle: OWNER.load(Ordering::Relaxed) }
}

/// What `haraka_register` does. For the macro `plugin!`.
///
/// # Safety
/// `table` must be what the host gave.
pub unsafe fn register(
    table: *const haraka_host,
    handle: haraka_self,
    body: fn(&Plugin) -> Result<(), Box<dyn std::error::Error>>,
) -> i32 {
    let fits =
        |host: &haraka_host| host.abi_major == HARAKA_ABI_MAJOR && host.size >= std::mem::size_of::<haraka_host>();
    if !table.as_ref().is_some_and(fits) {
        return HARAKA_E_ABI;
    }
    TABLE.store(table.cast_mut(), Ordering::Release);
    OWNER.store(handle.bits, Ordering::Relaxed);
    // A panic goes to the server's log, not to its standard error. This library's Rust is its own: no other plugin's panics
    // come here.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
        *PLACE.lock().unwrap_or_else(|poison| poison.into_inner()) = place;
    }));
    let plugin = Plugin { handle: handle.bits };
    let (why, status) = match guarded(|| body(&plugin)) {
        Ok(Ok(())) => return HARAKA_SUCCESS,
        Ok(Err(error)) => {
            let status = error.downcast_ref::<Error>().map_or(HARAKA_E_STATE, |error| error.0);
            (error.to_string(), status)
        }
        Err(what) => (what, HARAKA_E_STATE),
    };
    plugin.log(Level::Crit, format!("not registered: {why}"));
    status
}

/// What `haraka_shutdown` does. For the macro `plugin!`.
///
/// # Safety
/// `call` must be what the host gave.
pub unsafe fn shutdown(call: *const haraka_call, body: fn(&Plugin)) -> i32 {
    let Some(call) = call.as_ref() else { return HARAKA_SUCCESS };
    let plugin = Plugin { handle: call.owner.bits };
    if let Err(what) = guarded(|| body(&plugin)) {
        plugin.log(Level::Crit, format!("failed: {what}"));
    }
    HARAKA_SUCCESS
}

/// Answers with a code and words. What came of it is the host's to log.
pub(crate) fn complete(next: u64, code: i32, text: Option<&[u8]>) -> i32 {
    complete_with(next, code, text, std::ptr::null())
}

/// The same with a value: seconds, where to deliver ...
pub(crate) fn complete_with(next: u64, code: i32, text: Option<&[u8]>, value: *const haraka_value) -> i32 {
    let next = haraka_next { bits: next };
    if text.is_none() && value.is_null() {
        return unsafe { (host().complete)(next, code, std::ptr::null()) };
    }
    let line = lent(text.unwrap_or_default());
    let reply = haraka_reply {
        size: std::mem::size_of::<haraka_reply>(),
        lines: &line,
        line_count: usize::from(text.is_some()),
        code: 0,
        status_class: 0,
        reserved: 0,
        status_subject: 0,
        status_detail: 0,
        reserved2: [0; 3],
        value,
    };
    unsafe { (host().complete)(next, code, &reply) }
}
