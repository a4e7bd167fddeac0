//! Plugins for the Haraka mail server in Rust: a thin layer over `haraka/plugin.h`.
//!
//! A whole plugin, in a crate with `crate-type = ["cdylib"]`:
//!
//! ```no_run
//! use haraka_plugin::{plugin, Answer, Plugin};
//!
//! plugin! {
//!     name: "no_postmaster",
//!     version: "1.0",
//!     summary: "Refuses mail from postmaster",
//!     note: "hooks=mail\0",
//!     register: register,
//! }
//!
//! fn register(plugin: &Plugin) -> Result<(), Box<dyn std::error::Error>> {
//!     plugin.hook("mail", 0, |call| match call.address(0) {
//!         Some(from) if from.user() == b"postmaster" => Answer::deny("not from you"),
//!         _ => Answer::CONTINUE,
//!     })?;
//!     Ok(())
//! }
//! ```
//!
//! One thread runs all hooks, timers and callbacks of a process, so a plugin needs no lock for what only they use. Texts are
//! bytes: mail is any 8-bit data.
//!
//! A panic does not cross the border: the hook answers DENYSOFT "plugin failed" and the log gets a critical line with the
//! cause. That needs unwinding, so do not build with `panic = "abort"`: then a panic ends the process and the plugin is
//! blamed for a crash.
//!
//! The server unmaps a plugin that was replaced only if nothing of it can be called afterwards. Most of Rust's standard library
//! registers destructors of threads, so a plugin that uses it stays mapped, and is inert.
#![allow(clippy::missing_safety_doc)]

pub mod abi;
mod asking;
mod body;
#[doc(hidden)]
pub mod border;
mod digest;
mod dns;
mod domains;
mod hook;
mod mail_client;
mod object;
mod outbound;
mod tls;
mod value;

pub use asking::Refused;
pub use body::{AttachmentReader, Body, Output, Part, PartEnd, PartFilter, PartInfo, Stream};
pub use border::Error;
pub use digest::{derive_key, digests_equal, random_bytes, Algorithm, Digest};
pub use dns::{DnsAnswer, DnsRecord, DnsStatus, Query, Resolver, Security};
pub use domains::Domains;
pub use hook::{Answer, Call, Next, Timer};
pub use mail_client::{MailClient, MailClientOptions, MailClients, MailReply};
pub use object::{Connection, Message, Object, Transaction};
pub use outbound::{HMail, OutgoingMail, Outbound, QueueFilter};
pub use tls::Tls;
pub use value::{Address, Value, View};

/// The plugin itself, as a handle: copy it freely.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    pub(crate) handle: u64,
}

/// Haraka's levels, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Level {
    Emerg = 0,
    Alert,
    Crit,
    Error,
    Warn,
    Notice,
    Info,
    Debug,
    Protocol,
    Data,
}

impl Level {
    /// Whether lines of this level are written: ask before building an expensive one.
    pub fn is_enabled(self) -> bool {
        unsafe { (border::host().log_enabled)(self as i32) != 0 }
    }
}

/// The ELF note that says who a plugin is. For the macro `plugin!`.
#[doc(hidden)]
#[repr(C, align(4))]
#[derive(Debug)]
pub struct Note<const COUNT: usize> {
    name_size: u32,
    text_size: u32,
    kind: u32,
    name: [u8; 8],
    text: [u8; COUNT],
}

impl<const COUNT: usize> Note<COUNT> {
    pub const fn new(text: &str) -> Self {
        let (from, mut to, mut index) = (text.as_bytes(), [0; COUNT], 0);
        while index < COUNT {
            to[index] = from[index];
            index += 1;
        }
        Note { name_size: 7, text_size: COUNT as u32, kind: 1, name: *b"Haraka\0\0", text: to }
    }
}

/// Makes a crate a plugin: its note, which the server reads without running anything of it, and the functions that the server
/// looks for. Once per crate.
///
/// `register` is `fn(&Plugin) -> Result<(), Box<dyn std::error::Error>>`; an error refuses to load. `note` holds further keys,
/// each `key=value\0`: hooks, parents, replaces, needs, wants, vendor, licence, url, help. `shutdown` is `fn(&Plugin)`, run when
/// the plugin's last connection has gone.
#[macro_export]
macro_rules! plugin {
    (
        name: $name:expr, version: $version:expr, summary: $summary:expr,
        $(note: $note:expr,)? register: $register:path $(, shutdown: $shutdown:path)? $(,)?
    ) => {
        const _: () = {
            // The ABI is that of `abi.rs`; the assertion below holds the two together.
            const TEXT: &str = concat!(
                "format=1\0abi=0.5\0name=", $name, "\0version=", $version, "\0summary=", $summary, "\0" $(, $note)?
            );
            const _: () = assert!($crate::abi::HARAKA_ABI_MAJOR == 0 && $crate::abi::HARAKA_ABI_MINOR == 5);

            #[used]
            #[link_section = ".note.haraka"]
            static NOTE: $crate::Note<{ TEXT.len() }> = $crate::Note::new(TEXT);

            #[no_mangle]
            unsafe extern "C" fn haraka_register(
                host: *const $crate::abi::haraka_host,
                handle: $crate::abi::haraka_self,
            ) -> i32 {
                $crate::border::register(host, handle, $register)
            }
            $(
                #[no_mangle]
                unsafe extern "C" fn haraka_shutdown(call: *const $crate::abi::haraka_call) -> i32 {
                    $crate::border::shutdown(call, $shutdown)
                }
            )?
        };
    };
}
