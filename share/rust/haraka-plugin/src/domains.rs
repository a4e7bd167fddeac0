//! Which part of a domain somebody has registered: the host's service domains/1.

use crate::abi::*;
use crate::border::host;
use crate::value::{bytes, lent};

/// The public suffix list, and internationalised domains (RFC 5890). Loop thread.
#[derive(Clone, Copy)]
pub struct Domains(&'static haraka_domains_1);

impl Domains {
    /// None: this host does not offer it.
    pub fn offered() -> Option<Domains> {
        // Safety: a service is there for the life of the process.
        unsafe { (host().service)(lent("domains/1")).cast::<haraka_domains_1>().as_ref() }.map(Domains)
    }
    /// `example.co.uk` for `mail.example.co.uk`; none: the name is a public suffix itself, or no domain.
    pub fn organizational(&self, name: &str) -> Option<String> {
        text(|out| unsafe { (self.0.organizational)(lent(name), out) }).filter(|domain| !domain.is_empty())
    }
    /// `co.uk` and `com` are; `example.com` is not.
    pub fn is_public_suffix(&self, name: &str) -> bool {
        unsafe { (self.0.is_public_suffix)(lent(name)) == 1 }
    }
    /// Whether its last label is a top level domain that exists.
    pub fn has_known_top(&self, name: &str) -> bool {
        unsafe { (self.0.has_known_top)(lent(name)) == 1 }
    }
    /// In A-labels, lower case; none: no domain.
    pub fn to_ascii(&self, name: &str) -> Option<String> {
        text(|out| unsafe { (self.0.to_ascii)(lent(name), out) })
    }
}

/// A copy of a text that the host lends; none if it has an error instead.
pub(crate) fn text(ask: impl FnOnce(*mut haraka_str) -> i32) -> Option<String> {
    let mut out = lent("");
    // Safety: lent until the hook returns, and copied here.
    (ask(&mut out) >= 0).then(|| String::from_utf8_lossy(unsafe { bytes(out) }).into_owned())
}
