//! Connections, transactions and the server: properties, notes, results, headers, messages.

use crate::abi::*;
use crate::body::{Body, Stream};
use crate::border::{host, Error};
use crate::value::{bytes, lent, null, Value, View};
use crate::{Level, Plugin};

/// A connection, a transaction or the server, as a handle: copy and keep it freely. One that is stale is an error, never a
/// fault. Loop thread only, as all here.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    pub(crate) handle: u64,
    pub(crate) owner: u64,
}

impl Object {
    pub(crate) fn raw(&self) -> haraka_object {
        haraka_object { bits: self.handle }
    }
    pub(crate) fn owner(&self) -> haraka_self {
        haraka_self { bits: self.owner }
    }
    fn read(&self, ask: impl FnOnce(*mut haraka_value) -> i32) -> Value {
        let mut value = null();
        match ask(&mut value) {
            // Safety: lent until the hook returns, and copied here.
            0.. => unsafe { View::new(value) }.copied(),
            _ => Value::Null,
        }
    }

    /// A property by its number (`abi::HARAKA_CONN_...`, `abi::HARAKA_TRAN_...`); null if there is none.
    pub fn property(&self, property: i32) -> Value {
        self.read(|out| unsafe { (host().get)(self.raw(), property, out) })
    }
    /// Writes a property that is marked rw.
    pub fn set_property(&self, property: i32, value: impl Into<Value>) -> Result<(), Error> {
        value.into().lend(|value| Error::check(unsafe { (host().set)(self.raw(), property, value) }))
    }

    /// A note; null if there is none. Paths are dotted.
    pub fn note(&self, path: &str) -> Value {
        self.read(|out| unsafe { (host().note_get)(self.raw(), lent(path), out) })
    }
    /// Writes a note and makes the levels that are missing.
    pub fn set_note(&self, path: &str, value: impl Into<Value>) -> Result<(), Error> {
        value.into().lend(|value| Error::check(unsafe { (host().note_set)(self.raw(), lent(path), value) }))
    }

    /// Records a result: `pass`, `fail`, `msg`, `err` and `skip` collect, any other key is replaced.
    pub fn result(&self, key: &str, value: impl Into<Value>) {
        value.into().lend(|value| unsafe { (host().result_add)(self.owner(), self.raw(), lent(key), value, 0) });
    }
    /// What a plugin recorded under a key; a map of everything if the key is empty.
    pub fn result_of(&self, plugin: &str, key: &str) -> Value {
        self.read(|out| unsafe { (host().result_get)(self.raw(), lent(plugin), lent(key), out) })
    }

    /// One line with the plugin's name and this object's uuid.
    pub fn log(&self, level: Level, text: impl AsRef<[u8]>) {
        unsafe { (host().log)(self.owner(), level as i32, self.raw(), lent(&text)) }
    }
}

/// One client.
#[derive(Clone, Copy, Debug)]
pub struct Connection(pub(crate) Object);

impl std::ops::Deref for Connection {
    type Target = Object;
    fn deref(&self) -> &Object {
        &self.0
    }
}

impl Connection {
    pub fn remote_ip(&self) -> String {
        self.words(HARAKA_CONN_REMOTE_IP)
    }
    /// The reverse name, or Unknown, NXDOMAIN, DNSERROR.
    pub fn remote_host(&self) -> String {
        self.words(HARAKA_CONN_REMOTE_HOST)
    }
    /// What the client called itself.
    pub fn hello_host(&self) -> String {
        self.words(HARAKA_CONN_HELLO_HOST)
    }
    pub fn relaying(&self) -> bool {
        self.property(HARAKA_CONN_RELAYING).is_true()
    }

    /// Stops reading from the client. Pauses count: each needs its `resume`.
    pub fn pause(&self) {
        unsafe { (host().pause)(self.raw_connection()) };
    }
    pub fn resume(&self) {
        unsafe { (host().resume)(self.raw_connection()) };
    }
    /// Says `text` in the Authentication-Results field that the core adds. Empty text says nothing. The value so far.
    pub fn auth_results(&self, text: &str) -> String {
        let mut field = lent("");
        unsafe {
            (host().auth_results)(self.raw_connection(), lent(text), &mut field);
            String::from_utf8_lossy(bytes(field)).into_owned()
        }
    }

    /// The section of smtp.ini that the listener belongs to: `mx`, `submission`, `lmtp`, or empty.
    pub fn role(&self) -> String {
        self.words(HARAKA_CONN_ROLE)
    }
    /// Whether TLS is in use. More of it: properties `HARAKA_CONN_TLS_...`.
    pub fn is_encrypted(&self) -> bool {
        self.property(HARAKA_CONN_TLS_ENABLED).is_true()
    }
    /// Who has authenticated; empty: nobody.
    pub fn auth_user(&self) -> String {
        self.words(HARAKA_CONN_AUTH_USER)
    }
    /// The client has authenticated. Relaying is a question of its own.
    pub fn set_authenticated(&self, user: &str, method: &str) -> Result<(), Error> {
        self.set_property(HARAKA_CONN_AUTH_USER, user)?;
        self.set_property(HARAKA_CONN_AUTH_METHOD, method)
    }
    /// The session begins anew once the current hook was answered with OK: no transaction, no hello, nobody authenticated, no
    /// relaying. The client's name is looked up unless it is known. Only in `unrecognized_command`.
    pub fn restart(&self, keeps_name: bool) -> Result<(), Error> {
        let flags = if keeps_name { HARAKA_RESTART_KEEP_NAME } else { 0 };
        Error::check(unsafe { (host().restart)(self.raw_connection(), flags) })
    }

    pub(crate) fn raw_connection(&self) -> haraka_connection {
        haraka_connection { bits: self.0.handle }
    }
    fn words(&self, property: i32) -> String {
        String::from_utf8_lossy(self.property(property).text()).into_owned()
    }
}

/// From MAIL to its end.
#[derive(Clone, Copy, Debug)]
pub struct Transaction(pub(crate) Object);

impl std::ops::Deref for Transaction {
    type Target = Object;
    fn deref(&self) -> &Object {
        &self.0
    }
}

impl Transaction {
    fn handle(&self) -> haraka_transaction {
        haraka_transaction { bits: self.0.handle }
    }

    /// Adds a header field after the others. Before DATA it waits for the message.
    pub fn add_header(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let place = HARAKA_HEADER_END;
        Error::check(unsafe { (host().header_add)(self.handle(), lent(name), lent(&value), place) })
    }
    /// Adds a header field before the others.
    pub fn add_leading_header(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let place = HARAKA_HEADER_LEADING;
        Error::check(unsafe { (host().header_add)(self.handle(), lent(name), lent(&value), place) })
    }
    /// Removes all fields of that name.
    pub fn remove_header(&self, name: &str) -> Result<(), Error> {
        Error::check(unsafe { (host().header_remove)(self.handle(), lent(name)) })
    }
    /// A list of texts, one for each field of that name, in order.
    pub fn header(&self, name: &str) -> Value {
        self.read(|out| unsafe { (host().header_get)(self.handle(), lent(name), out) })
    }
    /// The same decoded to UTF-8 (RFC 2047, RFC 2231), folds undone.
    pub fn decoded_header(&self, name: &str) -> Value {
        self.read(|out| unsafe { (host().header_get_decoded)(self.handle(), lent(name), out) })
    }
    /// A list of texts: every field as it stands, `Name: value` with its folds, without the last line end.
    pub fn header_lines(&self) -> Value {
        self.read(|out| unsafe { (host().header_lines)(self.handle(), out) })
    }
    /// The parts are parsed while they come. Until the hook `data` has ended.
    pub fn parse_body(&self) -> Result<(), Error> {
        self.set_property(HARAKA_TRAN_PARSE_BODY, true)
    }
    /// Parts, attachments, filters, banner; none if the host does not offer them.
    pub fn body(&self) -> Option<Body> {
        Body::of(self.handle(), self.0.owner())
    }
    /// The message as it stands now. From the hook `data_post` on.
    pub fn message(&self) -> Result<Message, Error> {
        let mut handle = haraka_message { bits: 0 };
        Error::check(unsafe { (host().message_retain)(self.handle(), &mut handle) })?;
        Ok(Message(handle.bits))
    }
}

/// An unchanging view of a message, headers and body, CR LF line ends. It outlives the transaction. Any thread.
pub struct Message(pub(crate) u64);

impl Message {
    pub fn size(&self) -> Result<u64, Error> {
        let size = unsafe { (host().message_size)(haraka_message { bits: self.0 }) };
        u64::try_from(size).map_err(|_| Error(size as i32))
    }
    /// Opens the message for reading from the front; `flags` are `abi::HARAKA_STREAM_...`, 0: as it stands.
    pub fn stream(&self, flags: u32) -> Result<Stream, Error> {
        let options =
            haraka_stream_options { size: std::mem::size_of::<haraka_stream_options>(), flags, chunk_size: 0 };
        Stream::opened(|out| unsafe { (host().message_stream)(haraka_message { bits: self.0 }, &options, out) })
    }
    /// Reads at `offset`; how many bytes, 0 at the end.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        let message = haraka_message { bits: self.0 };
        let got = unsafe { (host().message_read)(message, offset, buffer.as_mut_ptr().cast(), buffer.len()) };
        usize::try_from(got).map_err(|_| Error(got as i32))
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        unsafe { (host().message_release)(haraka_message { bits: self.0 }) };
    }
}

/// What a plugin can do without a hook: configuration, log, server notes.
impl Plugin {
    pub(crate) fn raw(&self) -> haraka_self {
        haraka_self { bits: self.handle }
    }

    /// The name as in config/plugins.
    pub fn name(&self) -> String {
        String::from_utf8_lossy(unsafe { bytes((host().plugin_name)(self.raw())) }).into_owned()
    }
    /// The server itself: notes of this process.
    pub fn server(&self) -> Object {
        Object { handle: 0, owner: self.handle }
    }
    /// One line with the plugin's name. Any thread.
    pub fn log(&self, level: Level, text: impl AsRef<[u8]>) {
        self.server().log(level, text);
    }

    /// What ps shows for this process; empty: as it was started. Loop thread.
    pub fn set_process_title(&self, title: &str) {
        unsafe { (host().process_title)(self.raw(), lent(title)) };
    }

    /// An ini file: a map of sections, keys before the first section in `main`. `booleans` declares which keys are booleans,
    /// blank separated: `"main.enabled +main.strict -section.key"`. A file that is missing is empty; one of which nothing can be
    /// used is an error: keep what you have. Loop thread.
    pub fn ini(&self, name: &str, booleans: &str) -> Result<Value, Error> {
        self.configuration(name, HARAKA_CONFIG_INI, booleans)
    }
    /// The lines of a file without comments.
    pub fn list(&self, name: &str) -> Result<Value, Error> {
        self.configuration(name, HARAKA_CONFIG_LIST, "")
    }
    /// The first line of a file.
    pub fn value(&self, name: &str) -> Result<Value, Error> {
        self.configuration(name, HARAKA_CONFIG_VALUE, "")
    }
    /// Any type: `abi::HARAKA_CONFIG_...`.
    pub fn configuration(&self, name: &str, kind: i32, booleans: &str) -> Result<Value, Error> {
        let mut value = null();
        Error::check(unsafe { (host().config_get)(self.raw(), lent(name), kind, lent(booleans), &mut value) })?;
        // Safety: lent until the hook returns, and copied here.
        Ok(unsafe { View::new(value) }.copied())
    }
}
