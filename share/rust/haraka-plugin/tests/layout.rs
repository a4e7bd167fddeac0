//! Compares `abi.rs` with the reviewed layout of the contract, `Tests/ABI/layout.txt`: size, alignment and order of members of
//! each struct, offset and size of each member, each table slot, each number.

use haraka_plugin::abi::*;
use std::collections::BTreeMap;
use std::mem::{align_of, size_of};

type Members = Vec<(String, usize, usize)>;
type Structs = BTreeMap<String, (usize, usize, Members)>;

/// The reviewed file lies beside the crate in the repository. An installed crate has none.
fn layout() -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../Tests/ABI/layout.txt");
    std::fs::read_to_string(std::env::var("HARAKA_LAYOUT").unwrap_or(beside.to_string())).ok()
}

fn size_of_member<Struct, Member>(_: fn(&Struct) -> &Member) -> usize {
    size_of::<Member>()
}

macro_rules! declared {
    ($($name:ident { $($member:ident),* $(,)? })*) => {{
        let mut structs = Structs::new();
        $(
            let members = vec![$((
                plain(stringify!($member)),
                core::mem::offset_of!($name, $member),
                size_of_member(|whole: &$name| &whole.$member),
            )),*];
            structs.insert(stringify!($name).to_string(), (size_of::<$name>(), align_of::<$name>(), members));
        )*
        structs
    }};
}

/// The name in the header: Rust's own words have a `_` behind them, and `self` cannot even have that.
fn plain(member: &str) -> String {
    if member == "owner" { "self" } else { member.trim_end_matches('_') }.to_string()
}

fn ours() -> Structs {
    declared! {
        haraka_str { ptr, len }
        haraka_self { bits }
        haraka_next { bits }
        haraka_connection { bits }
        haraka_transaction { bits }
        haraka_hmail { bits }
        haraka_message { bits }
        haraka_stream { bits }
        haraka_part { bits }
        haraka_timer { bits }
        haraka_object { bits }
        haraka_list { items, count }
        haraka_map { entries, count }
        haraka_value { type_, reserved, as_ }
        haraka_entry { key, value }
        haraka_address { size, flags, reserved, original, user, host, original_host, address }
        haraka_mx {
            size, flags, priority, port, reserved, exchange, path, bind, bind_helo, auth_user, auth_pass, auth_type
        }
        haraka_call {
            size, owner, next, connection, transaction, hmail, hook, data, context, arguments, argument_count, result
        }
        haraka_callback { function, context, destroy }
        haraka_method { size, function, owner, data, context }
        haraka_reply {
            size, lines, line_count, code, status_class, reserved, status_subject, status_detail, reserved2, value
        }
        haraka_host {
            size, abi_major, abi_minor, version, register_hook, register_function, add_method, inherits, find_method,
            find_parent_method, set_data, get_data, plugin_name, complete, deadline, on_cancel, next_arguments, log_enabled,
            log, config_get, get, set, append, transaction_of, respond, disconnect, pause, resume, note_set, note_get,
            note_set_pointer, note_get_pointer, result_add, result_push, result_incr, result_get, result_has, result_collate,
            header_add, header_remove, header_get, message_retain, message_release, message_size, message_read, post,
            timer_start, timer_cancel, offload, wall_clock, monotonic_clock, service, config_watch,
            header_get_decoded, header_lines, auth_results, message_stream, stream_read, stream_close, user_config_get,
            process_title, ask_client, ask_hook, restart,
        }
        haraka_status_callback { function, context, destroy }
        haraka_line_callback { function, context, destroy }
        haraka_verdict_callback { function, context, destroy }
        haraka_stream_options { size, flags, chunk_size }
        haraka_regex { bits }
        haraka_regex_1 { size, compile, match_, free }
        haraka_part_info {
            size, content_type, charset, encoding, disposition, filename, index, depth, is_attachment, reserved
        }
        haraka_attachments { size, begin, data, end, context, destroy }
        haraka_output { bits }
        haraka_filter { size, begin, data, end, context, destroy }
        haraka_body_1 {
            size, root, part, child, parent, get, header_get, open, attachments, filter, banner, emit
        }
        haraka_digest_1 { size, digest, begin, update, finish, drop, equal, derive, random }
        haraka_tls_1 { size, available, start, channel_binding }
        haraka_query { bits }
        haraka_dns_record { type_, ttl, priority, reserved, text, data }
        haraka_dns_answer { size, status, security, type_, ttl, name, canonical, reason, records, count }
        haraka_dns_options { size, flags, reserved, timeout, next }
        haraka_dns_callback { function, context, destroy }
        haraka_dns_1 { size, lookup, cancel, reverse_name }
        haraka_domains_1 { size, organizational, is_public_suffix, has_known_top, to_ascii }
        haraka_value_callback { function, context, destroy }
        haraka_mail { size, flags, recipient_count, from, recipients, contents, notes, origin }
        haraka_queue_filter { size, id, domain, sender, recipient, older_than, limit, reserved }
        haraka_outbound_1 { size, send, send_transaction, message, stats, list, act }
        haraka_smtp_client { bits }
        haraka_smtp_client_options {
            size, flags, port, host, path, pool, helo, auth_user, auth_pass, auth_type, connect_timeout, idle_timeout,
            dead_retry, connection,
        }
        haraka_smtp_reply {
            size, code, status_class, reserved, status_subject, status_detail, reserved2, lines, line_count, host
        }
        haraka_smtp_reply_callback { function, context, destroy }
        haraka_smtp_client_1 { size, open, capabilities, command, mail, rcpt, message, release, abort }
    }
}

/// `struct haraka_str: size 16, alignment 8`, then lines `offset size [slot] declaration`.
fn reviewed(text: &str) -> Structs {
    let mut structs = Structs::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("struct ") {
            let words: Vec<&str> = rest.split([':', ' ', ',']).filter(|word| !word.is_empty()).collect();
            current = words[0].to_string();
            structs.insert(current.clone(), (words[2].parse().unwrap(), words[4].parse().unwrap(), Vec::new()));
        } else if line.is_empty() || line == "functions" {
            current.clear();
        } else if let Some(entry) = structs.get_mut(&current) {
            let mut words = line.split_whitespace();
            let offset = words.next().unwrap().parse().unwrap();
            let size = words.next().unwrap().parse().unwrap();
            entry.2.push((member(line), offset, size));
        }
    }
    structs
}

/// `register_hook` of `int32_t (*register_hook)(...)`, `reserved2` of `uint16_t reserved2[3]`, `ptr` of `const char *ptr`.
fn member(declaration: &str) -> String {
    if !declaration.contains("union {") {
        if let Some(at) = declaration.find("(*") {
            return declaration[at + 2..].split(')').next().unwrap().to_string();
        }
    }
    let end = declaration.trim_end();
    let bare = if end.ends_with(']') { &end[..end.rfind('[').unwrap()] } else { end };
    bare.rsplit([' ', '*']).next().unwrap().to_string()
}

#[test]
fn structs_are_laid_out_as_reviewed() {
    let Some(text) = layout() else { return };
    let (ours, reviewed) = (ours(), reviewed(&text));
    assert!(reviewed.len() >= 22, "the layout was not understood");
    for (name, expected) in &reviewed {
        assert_eq!(ours.get(name), Some(expected), "{name}");
    }
    assert_eq!(ours.len(), reviewed.len());
}

#[test]
fn numbers_are_those_reviewed() {
    let Some(text) = layout() else { return };
    let numbers = text.split("\nnumbers\n").nth(1).expect("the layout has numbers");
    let expected: Vec<(&str, i64)> = numbers
        .lines()
        .map(|line| {
            let mut words = line.split_whitespace();
            let number = words.next().unwrap().parse().unwrap();
            (words.next().unwrap(), number)
        })
        .collect();
    assert!(expected.len() > 100);
    assert_eq!(NUMBERS, expected);
}

/// Fields that are added to the table must be added here: `declared!` would not notice one that both leave out.
#[test]
fn the_table_has_no_gap() {
    let members = &ours()["haraka_host"].2;
    let end = members.iter().fold(0, |end, (name, offset, size)| {
        assert_eq!(*offset, end, "before {name}");
        offset + size
    });
    assert_eq!(end, size_of::<haraka_host>());
}
