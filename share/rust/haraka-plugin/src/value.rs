//! Values: notes, results, configuration, arguments.

use crate::abi::*;
use std::marker::PhantomData;

/// Bytes that the host lent, as a slice. Null and empty are the same.
///
/// # Safety
/// `text` must be what the host lent, and still lent for `'a`.
pub(crate) unsafe fn bytes<'a>(text: haraka_str) -> &'a [u8] {
    if text.ptr.is_null() || text.len == 0 {
        return &[];
    }
    std::slice::from_raw_parts(text.ptr.cast(), text.len)
}

/// A text for the length of one call to the host. By reference, so that it is still there when the call is made.
pub(crate) fn lent<Text: AsRef<[u8]> + ?Sized>(text: &Text) -> haraka_str {
    let text = text.as_ref();
    haraka_str { ptr: text.as_ptr().cast(), len: text.len() }
}

pub(crate) fn null() -> haraka_value {
    scalar(HARAKA_TYPE_NULL, haraka_value_as { integer: 0 })
}

fn scalar(type_: u32, as_: haraka_value_as) -> haraka_value {
    haraka_value { type_, reserved: 0, as_ }
}

/// A value of the plugin's own: given to the host, which copies it, or copied from what the host lent.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    #[default]
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    /// Any 8-bit data.
    Text(Vec<u8>),
    List(Vec<Value>),
    /// In order; keys are unique.
    Map(Vec<(String, Value)>),
}

impl From<bool> for Value {
    fn from(on: bool) -> Self {
        Value::Boolean(on)
    }
}
impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Value::Integer(integer)
    }
}
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Number(number)
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.as_bytes().to_vec())
    }
}

impl Value {
    /// The text, or empty if this is none.
    pub fn text(&self) -> &[u8] {
        match self {
            Value::Text(text) => text,
            _ => &[],
        }
    }

    /// An integer, a boolean, a number without its fraction, or a text that is an integer (as ini files have them).
    pub fn integer(&self, fallback: i64) -> i64 {
        match self {
            Value::Boolean(on) => i64::from(*on),
            Value::Integer(integer) => *integer,
            Value::Number(number) if number.is_finite() => *number as i64,
            Value::Text(text) => {
                std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(fallback)
            }
            _ => fallback,
        }
    }

    /// True in Haraka's sense: a number that is not 0, a text that is not empty, any list or map.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Boolean(on) => *on,
            Value::Integer(integer) => *integer != 0,
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(_) | Value::Map(_) => true,
        }
    }

    /// The items of a list; none if this is no list.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a key; null if this is no map or has no such key. Nests: `ini.key("main").key("host")`.
    pub fn key(&self, key: &str) -> &Value {
        const NULL: &Value = &Value::Null;
        match self {
            Value::Map(entries) => entries.iter().find(|entry| entry.0 == key).map_or(NULL, |entry| &entry.1),
            _ => NULL,
        }
    }

    /// In the ABI's form, lent to `body`.
    pub(crate) fn lend<Output>(&self, body: impl FnOnce(*const haraka_value) -> Output) -> Output {
        let mut arena = Arena::default();
        let value = arena.lay(self);
        body(&value)
    }
}

/// The memory of one nested value while the host reads it: vectors do not move what they hold when they are moved.
#[derive(Default)]
struct Arena {
    lists: Vec<Vec<haraka_value>>,
    maps: Vec<Vec<haraka_entry>>,
}

impl Arena {
    fn lay(&mut self, value: &Value) -> haraka_value {
        match value {
            Value::Null => null(),
            Value::Boolean(on) => scalar(HARAKA_TYPE_BOOLEAN, haraka_value_as { integer: i64::from(*on) }),
            Value::Integer(integer) => scalar(HARAKA_TYPE_INTEGER, haraka_value_as { integer: *integer }),
            Value::Number(number) => scalar(HARAKA_TYPE_NUMBER, haraka_value_as { number: *number }),
            Value::Text(text) => scalar(HARAKA_TYPE_TEXT, haraka_value_as { text: lent(text) }),
            Value::List(items) => {
                let laid: Vec<haraka_value> = items.iter().map(|item| self.lay(item)).collect();
                let list = haraka_list { items: laid.as_ptr(), count: laid.len() };
                self.lists.push(laid);
                scalar(HARAKA_TYPE_LIST, haraka_value_as { list })
            }
            Value::Map(entries) => {
                let laid: Vec<haraka_entry> = entries
                    .iter()
                    .map(|(key, value)| haraka_entry { key: lent(key), value: self.lay(value) })
                    .collect();
                let map = haraka_map { entries: laid.as_ptr(), count: laid.len() };
                self.maps.push(laid);
                scalar(HARAKA_TYPE_MAP, haraka_value_as { map })
            }
        }
    }
}

/// A value that the host lends until the hook returns. Reading it as the wrong type gives nothing, never a fault.
#[derive(Clone, Copy)]
pub struct View<'a> {
    value: haraka_value,
    lent: PhantomData<&'a haraka_value>,
}

impl<'a> View<'a> {
    /// # Safety
    /// `value` must be null or what the host lent for `'a`.
    pub(crate) unsafe fn new(value: haraka_value) -> Self {
        View { value, lent: PhantomData }
    }

    pub fn is_null(&self) -> bool {
        self.value.type_ == HARAKA_TYPE_NULL
    }

    /// The bytes, or empty if this is no text.
    pub fn text(&self) -> &'a [u8] {
        match self.value.type_ {
            HARAKA_TYPE_TEXT => unsafe { bytes(self.value.as_.text) },
            _ => &[],
        }
    }

    pub fn integer(&self, fallback: i64) -> i64 {
        self.copied().integer(fallback)
    }

    pub fn is_true(&self) -> bool {
        match self.value.type_ {
            HARAKA_TYPE_LIST | HARAKA_TYPE_MAP | HARAKA_TYPE_ADDRESS | HARAKA_TYPE_MX => true,
            _ => self.copied().is_true(),
        }
    }

    pub fn address(&self) -> Option<Address<'a>> {
        match self.value.type_ {
            HARAKA_TYPE_ADDRESS => unsafe { self.value.as_.address.as_ref().map(Address) },
            _ => None,
        }
    }

    /// The items of a list; none if this is no list.
    pub fn items(&self) -> impl Iterator<Item = View<'a>> {
        let list = match self.value.type_ {
            HARAKA_TYPE_LIST => unsafe { self.value.as_.list },
            _ => haraka_list { items: std::ptr::null(), count: 0 },
        };
        // Safety: an empty list may have no address; any other is lent like this value.
        (0..list.count).map(move |index| unsafe { View::new(*list.items.add(index)) })
    }

    /// The entries of a map; none if this is no map.
    pub fn entries(&self) -> impl Iterator<Item = (&'a [u8], View<'a>)> {
        let map = match self.value.type_ {
            HARAKA_TYPE_MAP => unsafe { self.value.as_.map },
            _ => haraka_map { entries: std::ptr::null(), count: 0 },
        };
        (0..map.count).map(move |index| unsafe {
            let entry = *map.entries.add(index);
            (bytes(entry.key), View::new(entry.value))
        })
    }

    /// A copy to keep. An address becomes its text, an MX record null.
    pub fn copied(&self) -> Value {
        unsafe {
            match self.value.type_ {
                HARAKA_TYPE_BOOLEAN => Value::Boolean(self.value.as_.integer != 0),
                HARAKA_TYPE_INTEGER => Value::Integer(self.value.as_.integer),
                HARAKA_TYPE_NUMBER => Value::Number(self.value.as_.number),
                HARAKA_TYPE_TEXT => Value::Text(self.text().to_vec()),
                HARAKA_TYPE_LIST => Value::List(self.items().map(|item| item.copied()).collect()),
                HARAKA_TYPE_MAP => Value::Map(
                    self.entries()
                        .map(|(key, value)| (String::from_utf8_lossy(key).into_owned(), value.copied()))
                        .collect(),
                ),
                HARAKA_TYPE_ADDRESS => {
                    Value::Text(self.address().map_or(Vec::new(), |address| address.address().to_vec()))
                }
                _ => Value::Null,
            }
        }
    }
}

/// An RFC 5321 mailbox that the host lends until the hook returns.
#[derive(Clone, Copy)]
pub struct Address<'a>(&'a haraka_address);

impl<'a> Address<'a> {
    /// The null reverse-path `<>`.
    pub fn is_null(&self) -> bool {
        self.0.flags & HARAKA_ADDRESS_NULL != 0
    }
    /// Whether it needs SMTPUTF8.
    pub fn is_internationalised(&self) -> bool {
        self.0.flags & HARAKA_ADDRESS_UTF8 != 0
    }
    /// As the client wrote it, `<>` included.
    pub fn original(&self) -> &'a [u8] {
        unsafe { bytes(self.0.original) }
    }
    /// The local part as written: a quoted one keeps its quotes.
    pub fn user(&self) -> &'a [u8] {
        unsafe { bytes(self.0.user) }
    }
    /// The domain in lower case, internationalised ones as A-labels.
    pub fn host(&self) -> &'a [u8] {
        unsafe { bytes(self.0.host) }
    }
    /// `user@host`, the host as written.
    pub fn address(&self) -> &'a [u8] {
        unsafe { bytes(self.0.address) }
    }
}
