//! STARTTLS: the host's service tls/1.

use crate::abi::*;
use crate::asking::{answered, ask, Refused};
use crate::border::host;
use crate::hook::Next;
use crate::object::Connection;
use crate::value::{bytes, lent};
use std::ffi::c_void;

/// Offers and starts TLS (RFC 3207); the handshake is the host's. Loop thread.
#[derive(Clone, Copy)]
pub struct Tls(&'static haraka_tls_1);

unsafe extern "C" fn ended<F: FnOnce(bool, Next)>(context: *mut c_void, status: i32) {
    answered(context, move |body: F, next| body(status >= 0, next));
}

impl Tls {
    /// None: this host does not offer it.
    pub fn offered() -> Option<Tls> {
        // Safety: a service is there for the life of the process.
        unsafe { (host().service)(lent("tls/1")).cast::<haraka_tls_1>().as_ref() }.map(Tls)
    }
    /// Whether TLS could begin now: there is a certificate, TLS is off, and the listener's rule allows it.
    pub fn is_available(&self, connection: &Connection) -> bool {
        unsafe { (self.0.available)(connection.raw_connection()) == 1 }
    }
    /// In the hook `unrecognized_command`: does the handshake, and tells whether it succeeded; answer OK then. After success
    /// nothing that the client has said before counts, after a failure the connection is over.
    pub fn start<F: FnOnce(bool, Next) + 'static>(&self, next: Next, body: F) -> Result<(), Refused> {
        ask(next, body, |next, context, destroy| {
            let record = haraka_status_callback { function: Some(ended::<F>), context, destroy: Some(destroy) };
            unsafe { (self.0.start)(next, &record) }
        })
    }
    /// What binds an authentication to this very connection; none: no TLS, or it has no such binding. `kind` is `tls-exporter`
    /// (RFC 9266), `tls-server-end-point` or `tls-unique` (RFC 5929).
    pub fn channel_binding(&self, connection: &Connection, kind: &str) -> Option<Vec<u8>> {
        let mut binding = lent("");
        // Safety: lent until the hook returns, and copied here.
        unsafe {
            let status = (self.0.channel_binding)(connection.raw_connection(), lent(kind), &mut binding);
            (status >= 0).then(|| bytes(binding).to_vec())
        }
    }
}
