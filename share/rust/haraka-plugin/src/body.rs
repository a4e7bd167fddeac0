//! The content of a message as MIME parts: the host's service body/1.

use crate::abi::*;
use crate::border::{guarded, host, owner, Error};
use crate::value::{bytes, lent, null, Value, View};
use crate::Level;
use std::ffi::c_void;
use std::mem::size_of;

/// What a plugin can do with the body of a transaction. Loop thread only.
#[derive(Clone, Copy)]
pub struct Body {
    service: &'static haraka_body_1,
    transaction: haraka_transaction,
    owner: haraka_self,
}

impl Body {
    pub(crate) fn of(transaction: haraka_transaction, owner: haraka_self) -> Option<Body> {
        // Safety: a service is there for the life of the process.
        let service = unsafe { (host().service)(lent("body/1")).cast::<haraka_body_1>().as_ref() };
        service.map(|service| Body { service, transaction, owner })
    }

    /// The whole message as a part. From the hook `data_post` on.
    pub fn root(&self) -> Result<Part, Error> {
        self.found(|out| unsafe { (self.service.root)(self.transaction, out) })
    }
    /// All parts in order of appearance, the whole message first.
    pub fn parts(&self) -> impl Iterator<Item = Part> + '_ {
        (0..).map_while(|index| self.found(|out| unsafe { (self.service.part)(self.transaction, index, out) }).ok())
    }
    fn found(&self, ask: impl FnOnce(*mut haraka_part) -> i32) -> Result<Part, Error> {
        let mut handle = haraka_part { bits: 0 };
        Error::check(ask(&mut handle))?;
        Ok(Part { service: self.service, handle })
    }

    /// Puts a text under every text part that is no attachment; `html` empty: the text, with line breaks. Until the hook
    /// `data` has ended.
    pub fn set_banner(&self, text: &str, html: &str) -> Result<(), Error> {
        Error::check(unsafe { (self.service.banner)(self.transaction, lent(text), lent(html)) })
    }

    /// Asks `begins` about each part that is an attachment; who returns a reader gets its content while it comes. Until the
    /// hook `data` has ended.
    pub fn attachments<F>(&self, begins: F) -> Result<(), Error>
    where
        F: FnMut(&PartInfo) -> Option<Box<dyn AttachmentReader>> + 'static,
    {
        let context = Box::into_raw(Box::new(Observer(Box::new(begins))));
        let handler = haraka_attachments {
            size: size_of::<haraka_attachments>(),
            begin: Some(attachment_begins),
            data: Some(attachment_received),
            end: Some(attachment_ended),
            context: context.cast(),
            destroy: Some(forget::<Observer>),
        };
        let status = unsafe { (self.service.attachments)(self.owner, self.transaction, &handler) };
        taken_or_freed(status, context)
    }

    /// Asks `begins` about each part that is no multipart; who returns a filter rewrites it. Until the hook `data` has ended.
    pub fn filter<F>(&self, begins: F) -> Result<(), Error>
    where
        F: FnMut(&PartInfo) -> Option<Box<dyn PartFilter>> + 'static,
    {
        let context = Box::into_raw(Box::new(Filters(self.service, Box::new(begins))));
        let filter = haraka_filter {
            size: size_of::<haraka_filter>(),
            begin: Some(filter_begins),
            data: Some(filter_received),
            end: Some(filter_ended),
            context: context.cast(),
            destroy: Some(forget::<Filters>),
        };
        let status = unsafe { (self.service.filter)(self.owner, self.transaction, &filter) };
        taken_or_freed(status, context)
    }
}

/// One MIME part, as long as its transaction lives. Loop thread only; what `open` returns may be read on any thread.
#[derive(Clone, Copy)]
pub struct Part {
    service: &'static haraka_body_1,
    handle: haraka_part,
}

impl Part {
    /// A property by its number (`abi::HARAKA_PART_...`); null if there is none.
    pub fn property(&self, property: i32) -> Value {
        self.read(|out| unsafe { (self.service.get)(self.handle, property, out) })
    }
    /// `type/subtype` in lower case.
    pub fn content_type(&self) -> String {
        String::from_utf8_lossy(self.property(HARAKA_PART_CONTENT_TYPE).text()).into_owned()
    }
    /// UTF-8, as the sender wrote it: it may hold `/` and `..`.
    pub fn filename(&self) -> String {
        String::from_utf8_lossy(self.property(HARAKA_PART_FILENAME).text()).into_owned()
    }
    pub fn is_attachment(&self) -> bool {
        self.property(HARAKA_PART_IS_ATTACHMENT).is_true()
    }
    /// The parts directly in it.
    pub fn children(&self) -> impl Iterator<Item = Part> + '_ {
        (0..).map_while(|number| {
            let mut handle = haraka_part { bits: 0 };
            let status = unsafe { (self.service.child)(self.handle, number, &mut handle) };
            (status >= 0).then_some(Part { service: self.service, handle })
        })
    }
    /// The part's own header fields of that name, a list of texts; `decoded`: in UTF-8.
    pub fn header(&self, name: &str, decoded: bool) -> Value {
        self.read(|out| unsafe { (self.service.header_get)(self.handle, lent(name), i32::from(decoded), out) })
    }
    /// Opens the content: `abi::HARAKA_PART_RAW`, `_DECODED` or `_TEXT`. A multipart has RAW only.
    pub fn open(&self, form: i32) -> Result<Stream, Error> {
        Stream::opened(|out| unsafe { (self.service.open)(self.handle, form, out) })
    }

    fn read(&self, ask: impl FnOnce(*mut haraka_value) -> i32) -> Value {
        let mut value = null();
        match ask(&mut value) {
            // Safety: lent until the hook returns, and copied here.
            0.. => unsafe { View::new(value) }.copied(),
            _ => Value::Null,
        }
    }
}

/// A message or part, read from the front. It outlives the transaction. Any thread, one at a time.
pub struct Stream(haraka_stream);

impl Stream {
    pub(crate) fn opened(ask: impl FnOnce(*mut haraka_stream) -> i32) -> Result<Stream, Error> {
        let mut handle = haraka_stream { bits: 0 };
        Error::check(ask(&mut handle))?;
        Ok(Stream(handle))
    }
}

impl std::io::Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let got = unsafe { (host().stream_read)(self.0, buffer.as_mut_ptr().cast(), buffer.len()) };
        usize::try_from(got).map_err(|_| std::io::Error::other(Error(got as i32)))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        unsafe { (host().stream_close)(self.0) };
    }
}

/// What is known about a part when its content begins.
pub struct PartInfo<'a>(&'a haraka_part_info);

impl<'a> PartInfo<'a> {
    /// `type/subtype` in lower case.
    pub fn content_type(&self) -> &'a [u8] {
        unsafe { bytes(self.0.content_type) }
    }
    pub fn charset(&self) -> &'a [u8] {
        unsafe { bytes(self.0.charset) }
    }
    pub fn disposition(&self) -> &'a [u8] {
        unsafe { bytes(self.0.disposition) }
    }
    pub fn filename(&self) -> &'a [u8] {
        unsafe { bytes(self.0.filename) }
    }
    pub fn index(&self) -> u32 {
        self.0.index
    }
    pub fn is_attachment(&self) -> bool {
        self.0.is_attachment != 0
    }
}

/// How a part ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartEnd {
    /// Its boundary came.
    Complete,
    /// The message ended without it.
    Unfinished,
    /// The message is not wanted any more, or the client has gone.
    Aborted,
}

/// Reads one attachment. Loop thread.
pub trait AttachmentReader {
    /// Content with its transfer encoding undone.
    fn received(&mut self, bytes: &[u8]);
    /// Exactly once.
    fn ended(&mut self, end: PartEnd);
}

/// Rewrites one part; it is dropped when the part is over. Loop thread.
pub trait PartFilter {
    /// Content with its transfer encoding undone, in the part's charset. `last` is true in exactly one call, the last.
    fn rewrite(&mut self, bytes: &[u8], last: bool, output: &Output);
}

/// Takes what a filter gives, in the call that it was given to.
pub struct Output(&'static haraka_body_1, haraka_output);

impl Output {
    pub fn emit(&self, bytes: impl AsRef<[u8]>) {
        unsafe { (self.0.emit)(self.1, lent(&bytes)) };
    }
}

type Begins<Part> = Box<dyn FnMut(&PartInfo) -> Option<Box<Part>>>;
struct Observer(Begins<dyn AttachmentReader>);
struct Filters(&'static haraka_body_1, Begins<dyn PartFilter>);

/// Runs what the host called; a panic becomes a critical line and nothing.
fn fenced<Output: Default>(body: impl FnOnce() -> Output) -> Output {
    guarded(body).unwrap_or_else(|what| {
        owner().log(Level::Crit, format!("failed: {what}"));
        Output::default()
    })
}

/// 1 and the boxed part, or 0.
unsafe fn begun<Part: ?Sized>(begins: &mut Begins<Part>, part: *const haraka_part_info, out: *mut *mut c_void) -> i32 {
    let found = fenced(|| part.as_ref().and_then(|part| begins(&PartInfo(part))));
    match found {
        Some(found) => {
            *out = Box::into_raw(Box::new(found)).cast();
            1
        }
        None => 0,
    }
}

unsafe extern "C" fn attachment_begins(
    context: *mut c_void,
    _: haraka_transaction,
    part: *const haraka_part_info,
    out: *mut *mut c_void,
) -> i32 {
    begun(&mut (*context.cast::<Observer>()).0, part, out)
}
unsafe extern "C" fn attachment_received(_: *mut c_void, part: *mut c_void, content: haraka_str) {
    fenced(|| (*part.cast::<Box<dyn AttachmentReader>>()).received(bytes(content)));
}
unsafe extern "C" fn attachment_ended(_: *mut c_void, part: *mut c_void, complete: i32) {
    let end = match complete {
        1.. => PartEnd::Complete,
        0 => PartEnd::Unfinished,
        _ => PartEnd::Aborted,
    };
    fenced(|| Box::from_raw(part.cast::<Box<dyn AttachmentReader>>()).ended(end));
}
unsafe extern "C" fn filter_begins(
    context: *mut c_void,
    _: haraka_transaction,
    part: *const haraka_part_info,
    out: *mut *mut c_void,
) -> i32 {
    begun(&mut (*context.cast::<Filters>()).1, part, out)
}
unsafe extern "C" fn filter_received(
    context: *mut c_void,
    part: *mut c_void,
    content: haraka_str,
    last: i32,
    output: haraka_output,
) {
    let output = Output((*context.cast::<Filters>()).0, output);
    fenced(|| (*part.cast::<Box<dyn PartFilter>>()).rewrite(bytes(content), last != 0, &output));
}
unsafe extern "C" fn filter_ended(_: *mut c_void, part: *mut c_void) {
    forget::<Box<dyn PartFilter>>(part);
}

unsafe extern "C" fn forget<Kept>(context: *mut c_void) {
    fenced(|| drop(Box::from_raw(context.cast::<Kept>())));
}

/// A call that is refused has taken nothing: the context is still ours.
fn taken_or_freed<Kept>(status: i32, context: *mut Kept) -> Result<(), Error> {
    if status < 0 {
        drop(unsafe { Box::from_raw(context) });
    }
    Error::check(status)
}
