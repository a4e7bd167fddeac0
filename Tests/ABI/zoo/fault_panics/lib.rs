// A Rust plugin that panics in a hook. With `-C panic=abort` the panic ends the process at once; without, it unwinds to the
// border of an extern "C" function, which Rust does not let it cross; with `--cfg crosses`, to one that it may cross. Over a
// hand-written part of the header.

use std::os::raw::c_void;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    bytes: *const u8,
    count: usize,
}

/// haraka_value, as far as an address.
#[repr(C)]
pub struct Value {
    kind: u32,
    reserved: u32,
    address: *const Address,
    more: usize,
}

#[repr(C)]
pub struct Address {
    size: usize,
    flags: u32,
    reserved: u32,
    original: Text,
    user: Text,
}

#[repr(C)]
pub struct Call {
    size: usize,
    handles: [u64; 5],
    hook: Text,
    data: *mut c_void,
    context: *mut c_void,
    arguments: *const Value,
    argument_count: usize,
}

const NOTE_TEXT: &[u8; 93] =
    b"format=1\0abi=0.5\0name=fault_panics\0version=1.0\0summary=Panics in Rust\0hooks=rcpt\0licence=MIT\0";

#[repr(C, align(4))]
pub struct Note {
    name_size: u32,
    text_size: u32,
    kind: u32,
    name: [u8; 8],
    text: [u8; NOTE_TEXT.len()],
}

#[used]
#[link_section = ".note.haraka"]
pub static NOTE: Note =
    Note { name_size: 7, text_size: NOTE_TEXT.len() as u32, kind: 1, name: *b"Haraka\0\0", text: *NOTE_TEXT };

#[no_mangle]
pub extern "C" fn haraka_register(_host: *const c_void, _self: u64) -> i32 {
    0
}

fn decide(call: &Call) -> i32 {
    const TYPE_ADDRESS: u32 = 7;
    if call.argument_count == 0 {
        return 900;
    }
    // The host lends these until the hook returns.
    let user = unsafe {
        let first = &*call.arguments;
        if first.kind != TYPE_ADDRESS {
            return 900;
        }
        let user = (*first.address).user;
        if user.count == 0 { &[] } else { std::slice::from_raw_parts(user.bytes, user.count) }
    };
    if user == b"boom" {
        panic!("nobody catches this");
    }
    900
}

#[cfg(not(crosses))]
#[no_mangle]
pub unsafe extern "C" fn hook_rcpt(call: *const Call) -> i32 {
    decide(&*call)
}

#[cfg(crosses)]
#[no_mangle]
pub unsafe extern "C-unwind" fn hook_rcpt(call: *const Call) -> i32 {
    decide(&*call)
}
