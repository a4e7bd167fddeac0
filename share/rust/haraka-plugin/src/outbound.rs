//! Mail that goes out: the host's service outbound/1, and what outbound hooks are about.

use crate::abi::*;
use crate::asking::{answered, ask, Refused};
use crate::border::{host, Error};
use crate::hook::{Answer, Next};
use crate::object::{Message, Object, Transaction};
use crate::value::{bytes, lent, null, Value, View};
use crate::Plugin;
use std::ffi::c_void;

/// A message and those of its recipients who have one domain, while it waits or is delivered. More of it: properties
/// `abi::HARAKA_HMAIL_...`. Loop thread only.
#[derive(Clone, Copy, Debug)]
pub struct HMail(pub(crate) Object);

impl std::ops::Deref for HMail {
    type Target = Object;
    fn deref(&self) -> &Object {
        &self.0
    }
}

impl HMail {
    /// `<transaction uuid>.<n>`.
    pub fn uuid(&self) -> String {
        String::from_utf8_lossy(self.property(HARAKA_HMAIL_UUID).text()).into_owned()
    }
    /// Of its recipients: lower case, A-labels.
    pub fn domain(&self) -> String {
        String::from_utf8_lossy(self.property(HARAKA_HMAIL_DOMAIN).text()).into_owned()
    }
    /// The message as it waits on disk.
    pub fn message(&self) -> Result<Message, Error> {
        let service = table().ok_or(Error(HARAKA_E_UNSUPPORTED))?;
        let mut handle = haraka_message { bits: 0 };
        Error::check(unsafe { (service.message)(haraka_hmail { bits: self.0.handle }, &mut handle) })?;
        Ok(Message(handle.bits))
    }
}

/// A mail that a plugin sends.
#[derive(Clone, Debug, Default)]
pub struct OutgoingMail {
    /// `a@b` or `<a@b>`; empty or `<>`: the null reverse-path.
    pub from: String,
    pub to: Vec<String>,
    /// Header fields, an empty line, body. Line ends may be LF.
    pub contents: Vec<u8>,
    /// `abi::HARAKA_MAIL_...`.
    pub flags: u32,
    /// A map that travels with it, or null.
    pub notes: Value,
}

/// Which queued mail. What is empty or 0 matches everything.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// A file name or uuid.
    pub id: String,
    /// Of recipients.
    pub domain: String,
    /// An address, or `@domain`.
    pub sender: String,
    /// An address, or `@domain`.
    pub recipient: String,
    /// Seconds since it was queued.
    pub older_than: i64,
    /// At most so many; 0: all.
    pub limit: u32,
}

/// The queue. Everything takes its time, and ends in a closure with the hook's right to answer. Loop thread only.
#[derive(Clone, Copy)]
pub struct Outbound {
    service: &'static haraka_outbound_1,
    owner: u64,
}

impl Plugin {
    /// None: this host does not offer a queue.
    pub fn outbound(&self) -> Option<Outbound> {
        Some(Outbound { service: table()?, owner: self.handle })
    }
}

fn table() -> Option<&'static haraka_outbound_1> {
    // Safety: a service is there for the life of the process.
    unsafe { (host().service)(lent("outbound/1")).cast::<haraka_outbound_1>().as_ref() }
}

impl Outbound {
    /// Queues a mail; the answer is OK when it is on disk, DENY or DENYSOFT else, with words.
    pub fn send<F: FnOnce(Answer, Next) + 'static>(
        &self,
        next: Next,
        mail: &OutgoingMail,
        body: F,
    ) -> Result<(), Refused> {
        let to: Vec<haraka_str> = mail.to.iter().map(lent).collect();
        mail.notes.lend(|notes| {
            let record = haraka_mail {
                size: std::mem::size_of::<haraka_mail>(),
                flags: mail.flags,
                recipient_count: to.len() as u32,
                from: lent(&mail.from),
                recipients: to.as_ptr(),
                contents: lent(&mail.contents),
                notes: if mail.notes == Value::Null { std::ptr::null() } else { notes },
                origin: haraka_object { bits: 0 },
            };
            self.told(next, body, |callback| unsafe { (self.service.send)(self.raw(), &record, callback) })
        })
    }

    /// The same for a transaction's message as it stands. From the hook `data_post` on.
    pub fn send_transaction<F: FnOnce(Answer, Next) + 'static>(
        &self,
        next: Next,
        transaction: &Transaction,
        body: F,
    ) -> Result<(), Refused> {
        let transaction = haraka_transaction { bits: transaction.0.handle };
        self.told(next, body, |callback| unsafe { (self.service.send_transaction)(self.raw(), transaction, callback) })
    }

    /// A map: in_progress, waiting, deferred, held, messages, recipients, bytes.
    pub fn stats<F>(&self, next: Next, body: F) -> Result<(), Refused>
    where
        F: FnOnce(Result<Value, Error>, Next) + 'static,
    {
        self.found(next, body, |callback| unsafe { (self.service.stats)(self.raw(), callback) })
    }

    /// A list of maps, oldest first.
    pub fn list<F>(&self, next: Next, filter: &QueueFilter, body: F) -> Result<(), Refused>
    where
        F: FnOnce(Result<Value, Error>, Next) + 'static,
    {
        let filter = filter.raw();
        self.found(next, body, |callback| unsafe { (self.service.list)(self.raw(), &filter, callback) })
    }

    /// Does `abi::HARAKA_QUEUE_...` to them; how many there were.
    pub fn act<F>(&self, next: Next, action: i32, filter: &QueueFilter, body: F) -> Result<(), Refused>
    where
        F: FnOnce(Result<Value, Error>, Next) + 'static,
    {
        let filter = filter.raw();
        self.found(next, body, |callback| unsafe { (self.service.act)(self.raw(), action, &filter, callback) })
    }

    fn raw(&self) -> haraka_self {
        haraka_self { bits: self.owner }
    }

    fn told<F: FnOnce(Answer, Next) + 'static>(
        &self,
        next: Next,
        body: F,
        give: impl FnOnce(*const haraka_verdict_callback) -> i32,
    ) -> Result<(), Refused> {
        ask(next, body, |_, context, destroy| {
            give(&haraka_verdict_callback { function: Some(told::<F>), context, destroy: Some(destroy) })
        })
    }

    fn found<F: FnOnce(Result<Value, Error>, Next) + 'static>(
        &self,
        next: Next,
        body: F,
        give: impl FnOnce(*const haraka_value_callback) -> i32,
    ) -> Result<(), Refused> {
        ask(next, body, |_, context, destroy| {
            give(&haraka_value_callback { function: Some(found::<F>), context, destroy: Some(destroy) })
        })
    }
}

impl QueueFilter {
    fn raw(&self) -> haraka_queue_filter {
        haraka_queue_filter {
            size: std::mem::size_of::<haraka_queue_filter>(),
            id: lent(&self.id),
            domain: lent(&self.domain),
            sender: lent(&self.sender),
            recipient: lent(&self.recipient),
            older_than: self.older_than,
            limit: self.limit,
            reserved: 0,
        }
    }
}

unsafe extern "C" fn told<F: FnOnce(Answer, Next)>(context: *mut c_void, code: i32, reply: *const haraka_reply) {
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

unsafe extern "C" fn found<F>(context: *mut c_void, status: i32, value: *const haraka_value)
where
    F: FnOnce(Result<Value, Error>, Next),
{
    let value = View::new(value.as_ref().copied().unwrap_or_else(null)).copied();
    let found = Error::check(status).map(|()| value);
    answered(context, move |body: F, next| body(found, next));
}
