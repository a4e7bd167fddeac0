//! Dialogues with other servers: the host's service smtp_client/1.

use crate::abi::*;
use crate::asking::{answered, ask, Refused};
use crate::border::host;
use crate::hook::Next;
use crate::object::{Connection, Message};
use crate::value::{bytes, lent, null, Value, View};
use crate::Plugin;
use std::cell::Cell;
use std::ffi::c_void;
use std::rc::Rc;

/// To whom, and how. What is empty or 0 is left to the server.
#[derive(Clone, Debug, Default)]
pub struct MailClientOptions {
    /// A name or address.
    pub host: String,
    pub port: u32,
    /// A unix socket, instead of a host.
    pub path: String,
    /// Or several: `ip:port, ip:port`.
    pub pool: String,
    /// `abi::HARAKA_CLIENT_...`.
    pub flags: u32,
    pub helo: String,
    pub auth_user: String,
    pub auth_pass: String,
    pub auth_type: String,
    /// Milliseconds, as those below.
    pub connect_timeout: i64,
    pub idle_timeout: i64,
    pub dead_retry: i64,
    /// For whom: its end is that of the dialogue.
    pub connection: Option<Connection>,
}

/// What another server has answered, copied.
#[derive(Clone, Debug, PartialEq)]
pub struct MailReply {
    /// 0: none came, and `trouble` says why: `abi::HARAKA_E_TIMED_OUT`, `HARAKA_E_GONE`, `HARAKA_E_IO`.
    pub code: u32,
    pub trouble: i32,
    /// Without code; without a reply, the reason.
    pub lines: Vec<String>,
    /// host:port, or the socket's path.
    pub host: String,
}

impl MailReply {
    /// 2xx.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }
}

/// Opens dialogues. Loop thread only.
#[derive(Clone, Copy)]
pub struct MailClients {
    service: &'static haraka_smtp_client_1,
    owner: u64,
}

/// One dialogue. The last clone that is dropped closes it, unless it was released. Loop thread only.
#[derive(Clone)]
pub struct MailClient(Rc<Dialogue>);

struct Dialogue {
    service: &'static haraka_smtp_client_1,
    handle: Cell<haraka_smtp_client>,
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        self.end(self.service.abort);
    }
}

impl Dialogue {
    fn end(&self, how: unsafe extern "C" fn(haraka_smtp_client) -> i32) {
        let handle = self.handle.replace(haraka_smtp_client { bits: 0 });
        if handle.bits != 0 {
            unsafe { how(handle) };
        }
    }
}

impl Plugin {
    /// None: this host offers no dialogues with other servers.
    pub fn mail_clients(&self) -> Option<MailClients> {
        // Safety: a service is there for the life of the process.
        let service = unsafe { (host().service)(lent("smtp_client/1")).cast::<haraka_smtp_client_1>().as_ref() }?;
        Some(MailClients { service, owner: self.handle })
    }
}

impl MailClients {
    /// Connects, and does greeting, EHLO, STARTTLS and AUTH. A reply of 2xx comes with a dialogue; after any other it is over.
    pub fn open<F>(&self, next: Next, options: &MailClientOptions, body: F) -> Result<(), Refused>
    where
        F: FnOnce(Option<MailClient>, MailReply, Next) + 'static,
    {
        let handle = Cell::new(haraka_smtp_client { bits: 0 });
        let client = MailClient(Rc::new(Dialogue { service: self.service, handle }));
        let kept = client.clone();
        let opened = move |reply: MailReply, next: Next| {
            if reply.is_positive() {
                return body(Some(kept), reply, next);
            }
            kept.0.handle.set(haraka_smtp_client { bits: 0 });
            body(None, reply, next);
        };
        let record = options.raw();
        let mut handle = haraka_smtp_client { bits: 0 };
        waiting(next, opened, |callback| unsafe {
            (self.service.open)(haraka_self { bits: self.owner }, &record, callback, &mut handle)
        })?;
        client.0.handle.set(handle);
        Ok(())
    }
}

impl MailClientOptions {
    fn raw(&self) -> haraka_smtp_client_options {
        haraka_smtp_client_options {
            size: std::mem::size_of::<haraka_smtp_client_options>(),
            flags: self.flags,
            port: self.port,
            host: lent(&self.host),
            path: lent(&self.path),
            pool: lent(&self.pool),
            helo: lent(&self.helo),
            auth_user: lent(&self.auth_user),
            auth_pass: lent(&self.auth_pass),
            auth_type: lent(&self.auth_type),
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout,
            dead_retry: self.dead_retry,
            connection: self.connection.map_or(haraka_connection { bits: 0 }, |connection| connection.raw_connection()),
        }
    }
}

impl MailClient {
    /// The server's EHLO lines, a list of texts.
    pub fn capabilities(&self) -> Value {
        let mut value = null();
        // Safety: lent until the hook returns, and copied here.
        match unsafe { (self.0.service.capabilities)(self.0.handle.get(), &mut value) } {
            0.. => unsafe { View::new(value) }.copied(),
            _ => Value::Null,
        }
    }

    /// Sends one line: `MAIL FROM:<a@example.com>`, `DATA` ...
    pub fn command<F: FnOnce(MailReply, Next) + 'static>(
        &self,
        next: Next,
        line: &str,
        body: F,
    ) -> Result<(), Refused> {
        // The closure holds the dialogue while the reply is awaited.
        let kept = self.clone();
        let body = move |reply: MailReply, next: Next| {
            let _kept = kept;
            body(reply, next)
        };
        waiting(next, body, |callback| unsafe {
            (self.0.service.command)(self.0.handle.get(), lent(line), callback)
        })
    }

    /// After 354: the message. Not for LMTP, which answers for each recipient.
    pub fn message<F: FnOnce(MailReply, Next) + 'static>(
        &self,
        next: Next,
        message: &Message,
        body: F,
    ) -> Result<(), Refused> {
        let kept = self.clone();
        let body = move |reply: MailReply, next: Next| {
            let _kept = kept;
            body(reply, next)
        };
        let message = haraka_message { bits: message.0 };
        waiting(next, body, |callback| unsafe { (self.0.service.message)(self.0.handle.get(), message, callback) })
    }

    /// The dialogue is over, and its connection is kept for the next.
    pub fn release(&self) {
        self.0.end(self.0.service.release);
    }
    /// Closes at once.
    pub fn abort(&self) {
        self.0.end(self.0.service.abort);
    }
}

fn waiting<F: FnOnce(MailReply, Next) + 'static>(
    next: Next,
    body: F,
    give: impl FnOnce(*const haraka_smtp_reply_callback) -> i32,
) -> Result<(), Refused> {
    ask(next, body, |_, context, destroy| {
        give(&haraka_smtp_reply_callback { function: Some(replied::<F>), context, destroy: Some(destroy) })
    })
}

unsafe extern "C" fn replied<F: FnOnce(MailReply, Next)>(
    context: *mut c_void,
    status: i32,
    reply: *const haraka_smtp_reply,
) {
    let words = |text| String::from_utf8_lossy(bytes(text)).into_owned();
    let mut copy = MailReply { code: 0, trouble: status.min(0), lines: Vec::new(), host: String::new() };
    if let Some(reply) = reply.as_ref() {
        copy.lines = (0..reply.line_count).map(|index| words(*reply.lines.add(index))).collect();
        copy.host = words(reply.host);
        copy.code = if status < 0 { 0 } else { reply.code };
    }
    answered(context, move |body: F, next| body(copy, next));
}
