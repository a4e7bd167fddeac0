//! Names: the host's service dns/1.

use crate::abi::*;
use crate::asking::{answered, ask, Refused};
use crate::border::{callback, host, Error};
use crate::domains::text;
use crate::hook::{destroy, taken_or_freed, Next};
use crate::value::{bytes, lent};
use crate::Plugin;
use std::ffi::c_void;

/// How a lookup ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsStatus {
    Found,
    /// The name exists, without records of that type.
    NoData,
    /// There is no such name (NXDOMAIN).
    NoName,
    /// No usable answer: try again later.
    Failed,
    /// None within the time limit.
    TimedOut,
    /// Asked for strictly, and the signatures are wrong.
    Bogus,
    /// No domain name: nothing was asked.
    BadName,
}

/// What DNSSEC says of an answer (RFC 4035).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not signed, or nobody could check.
    Insecure,
    /// Validated up to a trust anchor.
    Secure,
    /// It should be signed, and is not properly.
    Bogus,
}

/// An answer, copied.
#[derive(Clone, Debug, PartialEq)]
pub struct DnsAnswer {
    pub status: DnsStatus,
    pub security: Security,
    /// `abi::HARAKA_DNS_A` ...
    pub kind: u32,
    /// Seconds for which it holds.
    pub ttl: u32,
    pub name: String,
    /// The end of its chain of CNAMEs; the name itself if there is none.
    pub canonical: String,
    /// Why there are no records, for a log.
    pub reason: String,
    /// MX by priority, others as they came.
    pub records: Vec<DnsRecord>,
}

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub struct DnsRecord {
    pub kind: u32,
    /// Seconds.
    pub ttl: u32,
    /// Of MX.
    pub priority: u32,
    /// An address, a host, the joined strings of TXT; empty for types that have none of these.
    pub text: String,
    /// RDATA as on the wire.
    pub data: Vec<u8>,
}

/// Asks for names, with a cache that all plugins of the process share. Loop thread.
#[derive(Clone, Copy)]
pub struct Resolver {
    service: &'static haraka_dns_1,
    owner: u64,
}

/// A lookup that is under way.
#[derive(Clone, Copy)]
pub struct Query(&'static haraka_dns_1, haraka_query);

impl Query {
    /// Its answer will not come. Harmless if it has come. Loop thread.
    pub fn cancel(self) {
        unsafe { (self.0.cancel)(self.1) };
    }
}

impl Plugin {
    /// None: this host does not offer names.
    pub fn resolver(&self) -> Option<Resolver> {
        // Safety: a service is there for the life of the process.
        let service = unsafe { (host().service)(lent("dns/1")).cast::<haraka_dns_1>().as_ref() }?;
        Some(Resolver { service, owner: self.handle })
    }
}

impl Resolver {
    /// Asks for a hook: its right to answer comes back with the answer, and the lookup ends with the hook. `kind` is
    /// `abi::HARAKA_DNS_MX` and the like; `strict`: an answer with wrong signatures is none; `timeout` in milliseconds, 0: the
    /// configured limit. `HARAKA_E_LIMIT`: too many lookups are under way.
    ///
    /// ```no_run
    /// # use haraka_plugin::{abi, Call, DnsStatus, Next};
    /// # fn hook(call: &Call, next: Next) {
    /// let Some(resolver) = call.plugin().resolver() else { return next.proceed() };
    /// let asked = resolver.lookup_for(next, "example.com", abi::HARAKA_DNS_MX, false, 0, |answer, next| {
    ///     match answer.status {
    ///         DnsStatus::NoName => next.deny("no such domain"),
    ///         _ => next.proceed(),
    ///     }
    /// });
    /// if let Err(refused) = asked {
    ///     refused.next.proceed();
    /// }
    /// # }
    /// ```
    pub fn lookup_for<F>(
        &self,
        next: Next,
        name: &str,
        kind: u32,
        strict: bool,
        timeout: i64,
        body: F,
    ) -> Result<(), Refused>
    where
        F: FnOnce(DnsAnswer, Next) + 'static,
    {
        ask(next, body, |next, context, destroy| {
            let record = haraka_dns_callback { function: Some(came_for::<F>), context, destroy: Some(destroy) };
            let mut query = haraka_query { bits: 0 };
            unsafe {
                (self.service.lookup)(
                    self.raw(),
                    lent(name),
                    kind,
                    &options(strict, timeout, next),
                    &record,
                    &mut query,
                )
            }
        })
    }

    /// Asks on behalf of nobody: `body` runs once unless the lookup is cancelled or the plugin is unloaded.
    pub fn lookup<F>(&self, name: &str, kind: u32, strict: bool, timeout: i64, body: F) -> Result<Query, Error>
    where
        F: FnOnce(DnsAnswer) + 'static,
    {
        let context = Box::into_raw(Box::new(Some(body)));
        let record = haraka_dns_callback {
            function: Some(came::<F>),
            context: context.cast(),
            destroy: Some(destroy::<Option<F>>),
        };
        let mut query = haraka_query { bits: 0 };
        let options = options(strict, timeout, haraka_next { bits: 0 });
        let status = unsafe { (self.service.lookup)(self.raw(), lent(name), kind, &options, &record, &mut query) };
        taken_or_freed(status, context)?;
        Ok(Query(self.service, query))
    }

    /// The name for a reverse lookup of an address: `4.3.2.1.in-addr.arpa`, or `4.3.2.1.<zone>` as block lists want it. None: no
    /// address.
    pub fn reverse_name(&self, address: &str, zone: &str) -> Option<String> {
        text(|out| unsafe { (self.service.reverse_name)(lent(address), lent(zone), out) })
    }

    fn raw(&self) -> haraka_self {
        haraka_self { bits: self.owner }
    }
}

fn options(strict: bool, timeout: i64, next: haraka_next) -> haraka_dns_options {
    let flags = if strict { HARAKA_DNS_STRICT } else { 0 };
    haraka_dns_options { size: std::mem::size_of::<haraka_dns_options>(), flags, reserved: 0, timeout, next }
}

unsafe extern "C" fn came_for<F: FnOnce(DnsAnswer, Next)>(context: *mut c_void, answer: *const haraka_dns_answer) {
    let answer = copied(&*answer);
    answered(context, move |body: F, next| body(answer, next));
}

unsafe extern "C" fn came<F: FnOnce(DnsAnswer)>(context: *mut c_void, answer: *const haraka_dns_answer) {
    let answer = copied(&*answer);
    if let Some(body) = (*(context as *mut Option<F>)).take() {
        callback(move || body(answer));
    }
}

unsafe fn words(text: haraka_str) -> String {
    String::from_utf8_lossy(bytes(text)).into_owned()
}

/// A status that this crate does not know is a failure.
unsafe fn copied(lent: &haraka_dns_answer) -> DnsAnswer {
    let records = (0..lent.count).map(|index| {
        let record = &*lent.records.add(index);
        DnsRecord {
            kind: record.type_,
            ttl: record.ttl,
            priority: record.priority,
            text: words(record.text),
            data: bytes(record.data).to_vec(),
        }
    });
    DnsAnswer {
        status: match lent.status {
            HARAKA_DNS_FOUND => DnsStatus::Found,
            HARAKA_DNS_NO_DATA => DnsStatus::NoData,
            HARAKA_DNS_NO_NAME => DnsStatus::NoName,
            HARAKA_DNS_TIMED_OUT => DnsStatus::TimedOut,
            HARAKA_DNS_BOGUS => DnsStatus::Bogus,
            HARAKA_DNS_BAD_NAME => DnsStatus::BadName,
            _ => DnsStatus::Failed,
        },
        security: match lent.security {
            HARAKA_DNS_SECURE => Security::Secure,
            HARAKA_DNS_IS_BOGUS => Security::Bogus,
            _ => Security::Insecure,
        },
        kind: lent.type_,
        ttl: lent.ttl,
        name: words(lent.name),
        canonical: words(lent.canonical),
        reason: words(lent.reason),
        records: records.collect(),
    }
}
