//! `haraka/plugin.h` in Rust, declaration for declaration and under its own names. What each thing means stands there.
//!
//! Kept by hand; `tests/layout.rs` compares sizes, offsets and numbers with the repository's `Tests/ABI/layout.txt`. Members
//! whose names are Rust's words have a `_` behind them.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};

pub type haraka_function = unsafe extern "C" fn(call: *const haraka_call) -> i32;
pub type haraka_destroy = unsafe extern "C" fn(context: *mut c_void);

#[repr(C)]
#[derive(Clone, Copy)]
pub union haraka_value_as {
    pub integer: i64,
    pub number: f64,
    pub text: haraka_str,
    pub list: haraka_list,
    pub map: haraka_map,
    pub address: *const haraka_address,
    pub mx: *const haraka_mx,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_str {
    pub ptr: *const c_char,
    pub len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_self {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_next {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_connection {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_transaction {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_hmail {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_message {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_stream {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_part {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_timer {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_object {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_list {
    pub items: *const haraka_value,
    pub count: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_map {
    pub entries: *const haraka_entry,
    pub count: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_value {
    pub type_: u32,
    pub reserved: u32,
    pub as_: haraka_value_as,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_entry {
    pub key: haraka_str,
    pub value: haraka_value,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_address {
    pub size: usize,
    pub flags: u32,
    pub reserved: u32,
    pub original: haraka_str,
    pub user: haraka_str,
    pub host: haraka_str,
    pub original_host: haraka_str,
    pub address: haraka_str,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_mx {
    pub size: usize,
    pub flags: u32,
    pub priority: i32,
    pub port: u32,
    pub reserved: u32,
    pub exchange: haraka_str,
    pub path: haraka_str,
    pub bind: haraka_str,
    pub bind_helo: haraka_str,
    pub auth_user: haraka_str,
    pub auth_pass: haraka_str,
    pub auth_type: haraka_str,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_call {
    pub size: usize,
    pub owner: haraka_self,
    pub next: haraka_next,
    pub connection: haraka_connection,
    pub transaction: haraka_transaction,
    pub hmail: haraka_hmail,
    pub hook: haraka_str,
    pub data: *mut c_void,
    pub context: *mut c_void,
    pub arguments: *const haraka_value,
    pub argument_count: usize,
    pub result: *mut haraka_value,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_callback {
    pub function: Option<unsafe extern "C" fn(context: *mut c_void)>,
    pub context: *mut c_void,
    pub destroy: Option<haraka_destroy>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_method {
    pub size: usize,
    pub function: Option<haraka_function>,
    pub owner: haraka_self,
    pub data: *mut c_void,
    pub context: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_reply {
    pub size: usize,
    pub lines: *const haraka_str,
    pub line_count: usize,
    pub code: u32,
    pub status_class: u8,
    pub reserved: u8,
    pub status_subject: u16,
    pub status_detail: u16,
    pub reserved2: [u16; 3],
    pub value: *const haraka_value,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_status_callback {
    pub function: Option<unsafe extern "C" fn(context: *mut c_void, status: i32)>,
    pub context: *mut c_void,
    pub destroy: Option<haraka_destroy>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_line_callback {
    pub function: Option<unsafe extern "C" fn(context: *mut c_void, status: i32, line: haraka_str)>,
    pub context: *mut c_void,
    pub destroy: Option<haraka_destroy>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_verdict_callback {
    pub function: Option<unsafe extern "C" fn(context: *mut c_void, code: i32, reply: *const haraka_reply)>,
    pub context: *mut c_void,
    pub destroy: Option<haraka_destroy>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_stream_options {
    pub size: usize,
    pub flags: u32,
    pub chunk_size: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_host {
    pub size: usize,
    pub abi_major: u32,
    pub abi_minor: u32,
    pub version: haraka_str,
    pub register_hook:
        unsafe extern "C" fn(owner: haraka_self, hook: haraka_str, method: haraka_str, priority: i32) -> i32,
    pub register_function: unsafe extern "C" fn(
        owner: haraka_self,
        hook: haraka_str,
        function: Option<haraka_function>,
        context: *mut c_void,
        destroy: Option<haraka_destroy>,
        priority: i32,
    ) -> i32,
    pub add_method: unsafe extern "C" fn(
        owner: haraka_self,
        name: haraka_str,
        function: Option<haraka_function>,
        context: *mut c_void,
        destroy: Option<haraka_destroy>,
    ) -> i32,
    pub inherits: unsafe extern "C" fn(owner: haraka_self, parent: haraka_str) -> i32,
    pub find_method: unsafe extern "C" fn(owner: haraka_self, name: haraka_str, out: *mut haraka_method) -> i32,
    pub find_parent_method:
        unsafe extern "C" fn(owner: haraka_self, parent: haraka_str, name: haraka_str, out: *mut haraka_method) -> i32,
    pub set_data: unsafe extern "C" fn(owner: haraka_self, data: *mut c_void, destroy: Option<haraka_destroy>) -> i32,
    pub get_data: unsafe extern "C" fn(owner: haraka_self) -> *mut c_void,
    pub plugin_name: unsafe extern "C" fn(owner: haraka_self) -> haraka_str,
    pub complete: unsafe extern "C" fn(next: haraka_next, code: i32, reply: *const haraka_reply) -> i32,
    pub deadline: unsafe extern "C" fn(next: haraka_next, milliseconds: *mut i64) -> i32,
    pub on_cancel: unsafe extern "C" fn(next: haraka_next, callback: *const haraka_callback) -> i32,
    pub next_arguments: unsafe extern "C" fn(next: haraka_next, out: *mut haraka_value) -> i32,
    pub log_enabled: unsafe extern "C" fn(level: i32) -> i32,
    pub log: unsafe extern "C" fn(owner: haraka_self, level: i32, object: haraka_object, text: haraka_str),
    pub config_get: unsafe extern "C" fn(
        owner: haraka_self,
        name: haraka_str,
        kind: i32,
        booleans: haraka_str,
        out: *mut haraka_value,
    ) -> i32,
    pub get: unsafe extern "C" fn(object: haraka_object, property: i32, out: *mut haraka_value) -> i32,
    pub set: unsafe extern "C" fn(object: haraka_object, property: i32, value: *const haraka_value) -> i32,
    pub append: unsafe extern "C" fn(object: haraka_object, property: i32, value: *const haraka_value) -> i32,
    pub transaction_of: unsafe extern "C" fn(connection: haraka_connection) -> haraka_transaction,
    pub respond: unsafe extern "C" fn(connection: haraka_connection, code: i32, reply: *const haraka_reply) -> i32,
    pub disconnect: unsafe extern "C" fn(connection: haraka_connection) -> i32,
    pub pause: unsafe extern "C" fn(connection: haraka_connection) -> i32,
    pub resume: unsafe extern "C" fn(connection: haraka_connection) -> i32,
    pub note_set: unsafe extern "C" fn(object: haraka_object, path: haraka_str, value: *const haraka_value) -> i32,
    pub note_get: unsafe extern "C" fn(object: haraka_object, path: haraka_str, out: *mut haraka_value) -> i32,
    pub note_set_pointer: unsafe extern "C" fn(
        owner: haraka_self,
        object: haraka_object,
        name: haraka_str,
        pointer: *mut c_void,
        destroy: Option<haraka_destroy>,
    ) -> i32,
    pub note_get_pointer:
        unsafe extern "C" fn(owner: haraka_self, object: haraka_object, name: haraka_str, out: *mut *mut c_void) -> i32,
    pub result_add: unsafe extern "C" fn(
        owner: haraka_self,
        object: haraka_object,
        key: haraka_str,
        value: *const haraka_value,
        emit: i32,
    ) -> i32,
    pub result_push: unsafe extern "C" fn(
        owner: haraka_self,
        object: haraka_object,
        key: haraka_str,
        value: *const haraka_value,
    ) -> i32,
    pub result_incr: unsafe extern "C" fn(owner: haraka_self, object: haraka_object, key: haraka_str, by: f64) -> i32,
    pub result_get:
        unsafe extern "C" fn(object: haraka_object, plugin: haraka_str, key: haraka_str, out: *mut haraka_value) -> i32,
    pub result_has: unsafe extern "C" fn(
        object: haraka_object,
        plugin: haraka_str,
        key: haraka_str,
        search: *const haraka_value,
    ) -> i32,
    pub result_collate: unsafe extern "C" fn(object: haraka_object, plugin: haraka_str, out: *mut haraka_str) -> i32,
    pub header_add:
        unsafe extern "C" fn(transaction: haraka_transaction, name: haraka_str, value: haraka_str, place: i32) -> i32,
    pub header_remove: unsafe extern "C" fn(transaction: haraka_transaction, name: haraka_str) -> i32,
    pub header_get:
        unsafe extern "C" fn(transaction: haraka_transaction, name: haraka_str, out: *mut haraka_value) -> i32,
    pub message_retain: unsafe extern "C" fn(transaction: haraka_transaction, out: *mut haraka_message) -> i32,
    pub message_release: unsafe extern "C" fn(message: haraka_message) -> i32,
    pub message_size: unsafe extern "C" fn(message: haraka_message) -> i64,
    pub message_read:
        unsafe extern "C" fn(message: haraka_message, offset: u64, buffer: *mut c_void, count: usize) -> i64,
    pub post: unsafe extern "C" fn(owner: haraka_self, callback: *const haraka_callback) -> i32,
    pub timer_start: unsafe extern "C" fn(
        owner: haraka_self,
        delay: i64,
        period: i64,
        callback: *const haraka_callback,
        out: *mut haraka_timer,
    ) -> i32,
    pub timer_cancel: unsafe extern "C" fn(timer: haraka_timer) -> i32,
    pub offload: unsafe extern "C" fn(
        owner: haraka_self,
        work: Option<unsafe extern "C" fn(context: *mut c_void)>,
        done: *const haraka_callback,
    ) -> i32,
    pub wall_clock: unsafe extern "C" fn() -> i64,
    pub monotonic_clock: unsafe extern "C" fn() -> i64,
    pub service: unsafe extern "C" fn(name: haraka_str) -> *const c_void,
    pub config_watch:
        unsafe extern "C" fn(owner: haraka_self, name: haraka_str, callback: *const haraka_callback) -> i32,
    pub header_get_decoded:
        unsafe extern "C" fn(transaction: haraka_transaction, name: haraka_str, out: *mut haraka_value) -> i32,
    pub header_lines: unsafe extern "C" fn(transaction: haraka_transaction, out: *mut haraka_value) -> i32,
    pub auth_results:
        unsafe extern "C" fn(connection: haraka_connection, text: haraka_str, out: *mut haraka_str) -> i32,
    pub message_stream: unsafe extern "C" fn(
        message: haraka_message,
        options: *const haraka_stream_options,
        out: *mut haraka_stream,
    ) -> i32,
    pub stream_read: unsafe extern "C" fn(stream: haraka_stream, buffer: *mut c_void, count: usize) -> i64,
    pub stream_close: unsafe extern "C" fn(stream: haraka_stream) -> i32,
    pub user_config_get: unsafe extern "C" fn(
        owner: haraka_self,
        user: *const haraka_address,
        name: haraka_str,
        kind: i32,
        booleans: haraka_str,
        later: *const haraka_callback,
        out: *mut haraka_value,
    ) -> i32,
    pub process_title: unsafe extern "C" fn(owner: haraka_self, title: haraka_str) -> i32,
    pub ask_client: unsafe extern "C" fn(
        next: haraka_next,
        reply: *const haraka_reply,
        limit: usize,
        callback: *const haraka_line_callback,
    ) -> i32,
    pub ask_hook: unsafe extern "C" fn(
        next: haraka_next,
        hook: haraka_str,
        arguments: *const haraka_value,
        count: usize,
        callback: *const haraka_verdict_callback,
    ) -> i32,
    pub restart: unsafe extern "C" fn(connection: haraka_connection, flags: u32) -> i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_regex {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_regex_1 {
    pub size: usize,
    pub compile: unsafe extern "C" fn(
        owner: haraka_self,
        pattern: haraka_str,
        options: u32,
        out: *mut haraka_regex,
        error: *mut haraka_str,
    ) -> i32,
    pub match_:
        unsafe extern "C" fn(regex: haraka_regex, subject: haraka_str, groups: *mut haraka_str, count: usize) -> i32,
    pub free: unsafe extern "C" fn(regex: haraka_regex) -> i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_part_info {
    pub size: usize,
    pub content_type: haraka_str,
    pub charset: haraka_str,
    pub encoding: haraka_str,
    pub disposition: haraka_str,
    pub filename: haraka_str,
    pub index: u32,
    pub depth: u32,
    pub is_attachment: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_attachments {
    pub size: usize,
    pub begin: Option<haraka_part_begins>,
    pub data: Option<unsafe extern "C" fn(context: *mut c_void, part_context: *mut c_void, bytes: haraka_str)>,
    pub end: Option<unsafe extern "C" fn(context: *mut c_void, part_context: *mut c_void, complete: i32)>,
    pub context: *mut c_void,
    pub destroy: Option<haraka_destroy>,
}

/// The type of `begin` in both; the header spells it out.
pub type haraka_part_begins = unsafe extern "C" fn(
    context: *mut c_void,
    transaction: haraka_transaction,
    part: *const haraka_part_info,
    part_context: *mut *mut c_void,
) -> i32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_output {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_filter {
    pub size: usize,
    pub begin: Option<haraka_part_begins>,
    pub data: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            part_context: *mut c_void,
            bytes: haraka_str,
            last: i32,
            output: haraka_output,
        ),
    >,
    pub end: Option<unsafe extern "C" fn(context: *mut c_void, part_context: *mut c_void)>,
    pub context: *mut c_void,
    pub destroy: Option<haraka_destroy>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_body_1 {
    pub size: usize,
    pub root: unsafe extern "C" fn(transaction: haraka_transaction, out: *mut haraka_part) -> i32,
    pub part: unsafe extern "C" fn(transaction: haraka_transaction, index: usize, out: *mut haraka_part) -> i32,
    pub child: unsafe extern "C" fn(part: haraka_part, number: usize, out: *mut haraka_part) -> i32,
    pub parent: unsafe extern "C" fn(part: haraka_part, out: *mut haraka_part) -> i32,
    pub get: unsafe extern "C" fn(part: haraka_part, property: i32, out: *mut haraka_value) -> i32,
    pub header_get:
        unsafe extern "C" fn(part: haraka_part, name: haraka_str, decoded: i32, out: *mut haraka_value) -> i32,
    pub open: unsafe extern "C" fn(part: haraka_part, form: i32, out: *mut haraka_stream) -> i32,
    pub attachments: unsafe extern "C" fn(
        owner: haraka_self,
        transaction: haraka_transaction,
        handler: *const haraka_attachments,
    ) -> i32,
    pub filter:
        unsafe extern "C" fn(owner: haraka_self, transaction: haraka_transaction, filter: *const haraka_filter) -> i32,
    pub banner: unsafe extern "C" fn(transaction: haraka_transaction, text: haraka_str, html: haraka_str) -> i32,
    pub emit: unsafe extern "C" fn(output: haraka_output, bytes: haraka_str) -> i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_digest_1 {
    pub size: usize,
    pub digest:
        unsafe extern "C" fn(algorithm: i32, key: haraka_str, bytes: haraka_str, out: *mut c_void, room: usize) -> i32,
    pub begin: unsafe extern "C" fn(algorithm: i32, key: haraka_str) -> *mut c_void,
    pub update: unsafe extern "C" fn(state: *mut c_void, bytes: haraka_str) -> i32,
    pub finish: unsafe extern "C" fn(state: *mut c_void, out: *mut c_void, room: usize) -> i32,
    pub drop: unsafe extern "C" fn(state: *mut c_void),
    pub equal: unsafe extern "C" fn(a: haraka_str, b: haraka_str) -> i32,
    pub derive: unsafe extern "C" fn(
        algorithm: i32,
        password: haraka_str,
        salt: haraka_str,
        rounds: u32,
        out: *mut c_void,
        room: usize,
    ) -> i32,
    pub random: unsafe extern "C" fn(out: *mut c_void, room: usize) -> i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_tls_1 {
    pub size: usize,
    pub available: unsafe extern "C" fn(connection: haraka_connection) -> i32,
    pub start: unsafe extern "C" fn(next: haraka_next, callback: *const haraka_status_callback) -> i32,
    pub channel_binding:
        unsafe extern "C" fn(connection: haraka_connection, kind: haraka_str, out: *mut haraka_str) -> i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_query {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_dns_record {
    pub type_: u32,
    pub ttl: u32,
    pub priority: u32,
    pub reserved: u32,
    pub text: haraka_str,
    pub data: haraka_str,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_dns_answer {
    pub size: usize,
    pub status: i32,
    pub security: u32,
    pub type_: u32,
    pub ttl: u32,
    pub name: haraka_str,
    pub canonical: haraka_str,
    pub reason: haraka_str,
    pub records: *const haraka_dns_record,
    pub count: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_dns_options {
    pub size: usize,
    pub flags: u32,
    pub reserved: u32,
    pub timeout: i64,
    pub next: haraka_next,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_dns_callback {
    pub function: Option<unsafe extern "C" fn(context: *mut c_void, answer: *const haraka_dns_answer)>,
    pub context: *mut c_void,
    pub destroy: Option<haraka_destroy>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_dns_1 {
    pub size: usize,
    pub lookup: unsafe extern "C" fn(
        owner: haraka_self,
        name: haraka_str,
        kind: u32,
        options: *const haraka_dns_options,
        callback: *const haraka_dns_callback,
        out: *mut haraka_query,
    ) -> i32,
    pub cancel: unsafe extern "C" fn(query: haraka_query) -> i32,
    pub reverse_name: unsafe extern "C" fn(address: haraka_str, zone: haraka_str, out: *mut haraka_str) -> i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_domains_1 {
    pub size: usize,
    pub organizational: unsafe extern "C" fn(name: haraka_str, out: *mut haraka_str) -> i32,
    pub is_public_suffix: unsafe extern "C" fn(name: haraka_str) -> i32,
    pub has_known_top: unsafe extern "C" fn(name: haraka_str) -> i32,
    pub to_ascii: unsafe extern "C" fn(name: haraka_str, out: *mut haraka_str) -> i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_value_callback {
    pub function: Option<unsafe extern "C" fn(context: *mut c_void, status: i32, value: *const haraka_value)>,
    pub context: *mut c_void,
    pub destroy: Option<haraka_destroy>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_mail {
    pub size: usize,
    pub flags: u32,
    pub recipient_count: u32,
    pub from: haraka_str,
    pub recipients: *const haraka_str,
    pub contents: haraka_str,
    pub notes: *const haraka_value,
    pub origin: haraka_object,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_queue_filter {
    pub size: usize,
    pub id: haraka_str,
    pub domain: haraka_str,
    pub sender: haraka_str,
    pub recipient: haraka_str,
    pub older_than: i64,
    pub limit: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_outbound_1 {
    pub size: usize,
    pub send: unsafe extern "C" fn(
        owner: haraka_self,
        mail: *const haraka_mail,
        callback: *const haraka_verdict_callback,
    ) -> i32,
    pub send_transaction: unsafe extern "C" fn(
        owner: haraka_self,
        transaction: haraka_transaction,
        callback: *const haraka_verdict_callback,
    ) -> i32,
    pub message: unsafe extern "C" fn(hmail: haraka_hmail, out: *mut haraka_message) -> i32,
    pub stats: unsafe extern "C" fn(owner: haraka_self, callback: *const haraka_value_callback) -> i32,
    pub list: unsafe extern "C" fn(
        owner: haraka_self,
        filter: *const haraka_queue_filter,
        callback: *const haraka_value_callback,
    ) -> i32,
    pub act: unsafe extern "C" fn(
        owner: haraka_self,
        action: i32,
        filter: *const haraka_queue_filter,
        callback: *const haraka_value_callback,
    ) -> i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_smtp_client {
    pub bits: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_smtp_client_options {
    pub size: usize,
    pub flags: u32,
    pub port: u32,
    pub host: haraka_str,
    pub path: haraka_str,
    pub pool: haraka_str,
    pub helo: haraka_str,
    pub auth_user: haraka_str,
    pub auth_pass: haraka_str,
    pub auth_type: haraka_str,
    pub connect_timeout: i64,
    pub idle_timeout: i64,
    pub dead_retry: i64,
    pub connection: haraka_connection,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_smtp_reply {
    pub size: usize,
    pub code: u32,
    pub status_class: u8,
    pub reserved: u8,
    pub status_subject: u16,
    pub status_detail: u16,
    pub reserved2: [u16; 3],
    pub lines: *const haraka_str,
    pub line_count: usize,
    pub host: haraka_str,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_smtp_reply_callback {
    pub function: Option<unsafe extern "C" fn(context: *mut c_void, status: i32, reply: *const haraka_smtp_reply)>,
    pub context: *mut c_void,
    pub destroy: Option<haraka_destroy>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct haraka_smtp_client_1 {
    pub size: usize,
    pub open: unsafe extern "C" fn(
        owner: haraka_self,
        options: *const haraka_smtp_client_options,
        callback: *const haraka_smtp_reply_callback,
        out: *mut haraka_smtp_client,
    ) -> i32,
    pub capabilities: unsafe extern "C" fn(client: haraka_smtp_client, out: *mut haraka_value) -> i32,
    pub command: unsafe extern "C" fn(
        client: haraka_smtp_client,
        line: haraka_str,
        callback: *const haraka_smtp_reply_callback,
    ) -> i32,
    pub mail: unsafe extern "C" fn(
        client: haraka_smtp_client,
        from: *const haraka_address,
        transaction: haraka_transaction,
        callback: *const haraka_smtp_reply_callback,
    ) -> i32,
    pub rcpt: unsafe extern "C" fn(
        client: haraka_smtp_client,
        to: *const haraka_address,
        callback: *const haraka_smtp_reply_callback,
    ) -> i32,
    pub message: unsafe extern "C" fn(
        client: haraka_smtp_client,
        message: haraka_message,
        callback: *const haraka_smtp_reply_callback,
    ) -> i32,
    pub release: unsafe extern "C" fn(client: haraka_smtp_client) -> i32,
    pub abort: unsafe extern "C" fn(client: haraka_smtp_client) -> i32,
}

/// Constants, and a table of them for the test.
macro_rules! numbers {
    ($($name:ident: $kind:ty = $value:expr;)*) => {
        $(pub const $name: $kind = $value;)*
        #[doc(hidden)]
        pub const NUMBERS: &[(&str, i64)] = &[$((stringify!($name), $name as i64)),*];
    };
}
numbers! {
HARAKA_ABI_MAJOR: u32 = 0;
HARAKA_ABI_MINOR: u32 = 5;
HARAKA_CONT: i32 = 900;
HARAKA_STOP: i32 = 901;
HARAKA_DENY: i32 = 902;
HARAKA_DENYSOFT: i32 = 903;
HARAKA_DENYDISCONNECT: i32 = 904;
HARAKA_DISCONNECT: i32 = 905;
HARAKA_OK: i32 = 906;
HARAKA_NEXT_HOOK: i32 = 907;
HARAKA_HOOK_NEXT: i32 = 907;
HARAKA_DELAY: i32 = 908;
HARAKA_DENYSOFTDISCONNECT: i32 = 909;
HARAKA_DONE: i32 = 910;
HARAKA_PENDING: i32 = 1;
HARAKA_SUCCESS: i32 = 0;
HARAKA_E_ARGUMENT: i32 = -1;
HARAKA_E_HANDLE: i32 = -2;
HARAKA_E_WRONG_THREAD: i32 = -3;
HARAKA_E_STATE: i32 = -4;
HARAKA_E_ABSENT: i32 = -5;
HARAKA_E_TYPE: i32 = -6;
HARAKA_E_LIMIT: i32 = -7;
HARAKA_E_ANSWERED: i32 = -8;
HARAKA_E_TIMED_OUT: i32 = -9;
HARAKA_E_GONE: i32 = -10;
HARAKA_E_REVOKED: i32 = -11;
HARAKA_E_IO: i32 = -12;
HARAKA_E_ABI: i32 = -13;
HARAKA_E_UNSUPPORTED: i32 = -14;
HARAKA_LOG_EMERG: i32 = 0;
HARAKA_LOG_ALERT: i32 = 1;
HARAKA_LOG_CRIT: i32 = 2;
HARAKA_LOG_ERROR: i32 = 3;
HARAKA_LOG_WARN: i32 = 4;
HARAKA_LOG_NOTICE: i32 = 5;
HARAKA_LOG_INFO: i32 = 6;
HARAKA_LOG_DEBUG: i32 = 7;
HARAKA_LOG_PROTOCOL: i32 = 8;
HARAKA_LOG_DATA: i32 = 9;
HARAKA_TYPE_NULL: u32 = 0;
HARAKA_TYPE_BOOLEAN: u32 = 1;
HARAKA_TYPE_INTEGER: u32 = 2;
HARAKA_TYPE_NUMBER: u32 = 3;
HARAKA_TYPE_TEXT: u32 = 4;
HARAKA_TYPE_LIST: u32 = 5;
HARAKA_TYPE_MAP: u32 = 6;
HARAKA_TYPE_ADDRESS: u32 = 7;
HARAKA_TYPE_MX: u32 = 8;
HARAKA_ADDRESS_NULL: u32 = 1;
HARAKA_ADDRESS_UTF8: u32 = 2;
HARAKA_MX_LMTP: u32 = 1;
HARAKA_MX_TLS_REQUIRED: u32 = 2;
HARAKA_MX_NO_TLS: u32 = 4;
HARAKA_CONN_UUID: i32 = 1;
HARAKA_CONN_REMOTE_IP: i32 = 2;
HARAKA_CONN_REMOTE_PORT: i32 = 3;
HARAKA_CONN_REMOTE_HOST: i32 = 4;
HARAKA_CONN_REMOTE_INFO: i32 = 5;
HARAKA_CONN_REMOTE_IS_PRIVATE: i32 = 6;
HARAKA_CONN_REMOTE_IS_LOCAL: i32 = 7;
HARAKA_CONN_REMOTE_CLOSED: i32 = 8;
HARAKA_CONN_REMOTE_LOGIN: i32 = 9;
HARAKA_CONN_LOCAL_IP: i32 = 10;
HARAKA_CONN_LOCAL_PORT: i32 = 11;
HARAKA_CONN_LOCAL_HOST: i32 = 12;
HARAKA_CONN_LOCAL_INFO: i32 = 13;
HARAKA_CONN_HELLO_HOST: i32 = 14;
HARAKA_CONN_HELLO_VERB: i32 = 15;
HARAKA_CONN_RELAYING: i32 = 16;
HARAKA_CONN_ESMTP: i32 = 17;
HARAKA_CONN_PIPELINING: i32 = 18;
HARAKA_CONN_EARLY_TALKER: i32 = 19;
HARAKA_CONN_ERRORS: i32 = 20;
HARAKA_CONN_LAST_RESPONSE: i32 = 21;
HARAKA_CONN_LAST_REJECT: i32 = 22;
HARAKA_CONN_RCPT_ACCEPT: i32 = 23;
HARAKA_CONN_RCPT_TEMPFAIL: i32 = 24;
HARAKA_CONN_RCPT_REJECT: i32 = 25;
HARAKA_CONN_MSG_ACCEPT: i32 = 26;
HARAKA_CONN_MSG_TEMPFAIL: i32 = 27;
HARAKA_CONN_MSG_REJECT: i32 = 28;
HARAKA_CONN_TOTAL_BYTES: i32 = 29;
HARAKA_CONN_START_TIME: i32 = 30;
HARAKA_CONN_CURRENT_LINE: i32 = 31;
HARAKA_CONN_TRAN_COUNT: i32 = 32;
HARAKA_CONN_CAPABILITIES: i32 = 33;
HARAKA_CONN_TLS_ENABLED: i32 = 34;
HARAKA_CONN_STATE: i32 = 35;
HARAKA_CONN_HOOK: i32 = 36;
HARAKA_CONN_ROLE: i32 = 37;
HARAKA_CONN_TLS_VERSION: i32 = 38;
HARAKA_CONN_TLS_CIPHER: i32 = 39;
HARAKA_CONN_TLS_CIPHER_STANDARD: i32 = 40;
HARAKA_CONN_TLS_BITS: i32 = 41;
HARAKA_CONN_TLS_SERVER_NAME: i32 = 42;
HARAKA_CONN_TLS_ALPN: i32 = 43;
HARAKA_CONN_TLS_RESUMED: i32 = 44;
HARAKA_CONN_TLS_VERIFIED: i32 = 45;
HARAKA_CONN_TLS_VERIFY_ERROR: i32 = 46;
HARAKA_CONN_TLS_PEER: i32 = 47;
HARAKA_CONN_TLS_ADVERTISED: i32 = 48;
HARAKA_CONN_AUTH_USER: i32 = 49;
HARAKA_CONN_AUTH_METHOD: i32 = 50;
HARAKA_CONN_PROXY: i32 = 51;
HARAKA_TRAN_UUID: i32 = 1001;
HARAKA_TRAN_MAIL_FROM: i32 = 1002;
HARAKA_TRAN_RCPT_TO: i32 = 1003;
HARAKA_TRAN_DATA_BYTES: i32 = 1004;
HARAKA_TRAN_RCPT_ACCEPT: i32 = 1005;
HARAKA_TRAN_RCPT_TEMPFAIL: i32 = 1006;
HARAKA_TRAN_RCPT_REJECT: i32 = 1007;
HARAKA_TRAN_MSG_STATUS: i32 = 1008;
HARAKA_TRAN_DISCARD_DATA: i32 = 1009;
HARAKA_TRAN_RELAYING: i32 = 1010;
HARAKA_TRAN_DATA_POST_START: i32 = 1011;
HARAKA_TRAN_DATA_POST_DELAY: i32 = 1012;
HARAKA_TRAN_ENCODING: i32 = 1013;
HARAKA_TRAN_PARSE_BODY: i32 = 1014;
HARAKA_TRAN_MIME_PART_COUNT: i32 = 1015;
HARAKA_PART_INDEX: i32 = 2001;
HARAKA_PART_DEPTH: i32 = 2002;
HARAKA_PART_CONTENT_TYPE: i32 = 2003;
HARAKA_PART_CHARSET: i32 = 2004;
HARAKA_PART_ENCODING: i32 = 2005;
HARAKA_PART_DISPOSITION: i32 = 2006;
HARAKA_PART_FILENAME: i32 = 2007;
HARAKA_PART_BOUNDARY: i32 = 2008;
HARAKA_PART_SIZE: i32 = 2009;
HARAKA_PART_IS_ATTACHMENT: i32 = 2010;
HARAKA_PART_IS_COMPLETE: i32 = 2011;
HARAKA_PART_CHILDREN: i32 = 2012;
HARAKA_HMAIL_UUID: i32 = 3001;
HARAKA_HMAIL_PATH: i32 = 3002;
HARAKA_HMAIL_FILENAME: i32 = 3003;
HARAKA_HMAIL_NUM_FAILURES: i32 = 3004;
HARAKA_HMAIL_DOMAIN: i32 = 3005;
HARAKA_HMAIL_MAIL_FROM: i32 = 3006;
HARAKA_HMAIL_RCPT_TO: i32 = 3007;
HARAKA_HMAIL_QUEUE_TIME: i32 = 3008;
HARAKA_HMAIL_SIZE: i32 = 3009;
HARAKA_HMAIL_FORCE_TLS: i32 = 3010;
HARAKA_HMAIL_LAST_ERROR: i32 = 3011;
HARAKA_HMAIL_ORIGIN: i32 = 3012;
HARAKA_HEADER_END: i32 = 0;
HARAKA_HEADER_LEADING: i32 = 1;
HARAKA_CONFIG_BY_NAME: i32 = 0;
HARAKA_CONFIG_VALUE: i32 = 1;
HARAKA_CONFIG_LIST: i32 = 2;
HARAKA_CONFIG_DATA: i32 = 3;
HARAKA_CONFIG_INI: i32 = 4;
HARAKA_CONFIG_JSON: i32 = 5;
HARAKA_CONFIG_BINARY: i32 = 6;
HARAKA_CONFIG_YAML: i32 = 7;
HARAKA_CONFIG_HJSON: i32 = 8;
HARAKA_STREAM_LF: u32 = 1;
HARAKA_STREAM_DOT_STUFFED: u32 = 2;
HARAKA_STREAM_ENDING_DOT: u32 = 4;
HARAKA_STREAM_SKIP_HEADERS: u32 = 8;
HARAKA_STREAM_CLAMD: u32 = 16;
HARAKA_RESTART_KEEP_NAME: u32 = 1;
HARAKA_REGEX_CASELESS: u32 = 1;
HARAKA_REGEX_ANCHORED: u32 = 2;
HARAKA_PART_RAW: i32 = 0;
HARAKA_PART_DECODED: i32 = 1;
HARAKA_PART_TEXT: i32 = 2;
HARAKA_DIGEST_MD5: i32 = 1;
HARAKA_DIGEST_SHA1: i32 = 2;
HARAKA_DIGEST_SHA256: i32 = 3;
HARAKA_DIGEST_SHA512: i32 = 4;
HARAKA_DNS_A: u32 = 1;
HARAKA_DNS_NS: u32 = 2;
HARAKA_DNS_CNAME: u32 = 5;
HARAKA_DNS_PTR: u32 = 12;
HARAKA_DNS_MX: u32 = 15;
HARAKA_DNS_TXT: u32 = 16;
HARAKA_DNS_AAAA: u32 = 28;
HARAKA_DNS_TLSA: u32 = 52;
HARAKA_DNS_FOUND: i32 = 0;
HARAKA_DNS_NO_DATA: i32 = 1;
HARAKA_DNS_NO_NAME: i32 = 2;
HARAKA_DNS_FAILED: i32 = 3;
HARAKA_DNS_TIMED_OUT: i32 = 4;
HARAKA_DNS_BOGUS: i32 = 5;
HARAKA_DNS_BAD_NAME: i32 = 6;
HARAKA_DNS_INSECURE: u32 = 0;
HARAKA_DNS_SECURE: u32 = 1;
HARAKA_DNS_IS_BOGUS: u32 = 2;
HARAKA_DNS_STRICT: u32 = 1;
HARAKA_MAIL_DOT_STUFFED: u32 = 1;
HARAKA_MAIL_REMOVE_MSGID: u32 = 2;
HARAKA_MAIL_REMOVE_DATE: u32 = 4;
HARAKA_QUEUE_RETRY: i32 = 1;
HARAKA_QUEUE_HOLD: i32 = 2;
HARAKA_QUEUE_RELEASE: i32 = 3;
HARAKA_QUEUE_DELETE: i32 = 4;
HARAKA_QUEUE_BOUNCE: i32 = 5;
HARAKA_CLIENT_LMTP: u32 = 1;
HARAKA_CLIENT_TLS: u32 = 2;
HARAKA_CLIENT_TLS_REQUIRED: u32 = 4;
HARAKA_CLIENT_TLS_VERIFY: u32 = 8;
HARAKA_CLIENT_XCLIENT: u32 = 16;
HARAKA_CLIENT_FRESH: u32 = 32;}
