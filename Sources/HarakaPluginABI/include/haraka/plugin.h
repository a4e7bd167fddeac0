/*
 * haraka/plugin.h: the contract between the Haraka mail server for Linux and its plugins.
 *
 * A plugin is one shared object that answers questions. It includes this file and nothing else of the server's,
 * links against nothing of the server's, and exports
 *
 *     haraka_register                     required: run once, when the plugin is loaded
 *     hook_<name>                         optional: registered on that hook by itself, priority 0
 *     haraka_shutdown                     optional: run once, when the plugin's last connection has gone
 *
 * and one note that says who it is (HARAKA_PLUGIN below). The smallest useful plugin:
 *
 *     #include <haraka/plugin.h>
 *     HARAKA_PLUGIN("no_postmaster", "1.0", "Refuses mail from postmaster", HARAKA_HOOKS("mail"));
 *     HARAKA_REGISTER(self) { (void)self; return HARAKA_SUCCESS; }
 *     HARAKA_HOOK(mail)
 *     {
 *         const haraka_address *from = haraka_argument_address(call, 0);
 *         if (from == NULL || !haraka_equal(from->user, haraka_text("postmaster"))) return HARAKA_CONT;
 *         return haraka_answer(call, HARAKA_DENY, "not from you");
 *     }
 *
 *     cc -shared -fPIC -O2 -I PREFIX/include -o plugins/no_postmaster.so no_postmaster.c
 *
 * How to read the comments. Each function carries tags:
 *     [loop]  may be called only on the thread that runs hooks; elsewhere it answers HARAKA_E_WRONG_THREAD
 *     [any]   may be called on any thread
 *     [register] only inside haraka_register
 * and each thing that is lent says for how long:
 *     (call)        until the function that the host called returns
 *     (generation)  until haraka_shutdown of this plugin has completed
 *     (process)     for ever
 *
 * Rules that hold for everything below
 *   - One thread runs all hooks, timers and callbacks of a worker, so a plugin needs no lock of its own.
 *   - No host function calls plugin code before it returns, but for the reading of configuration, which may ask another
 *     plugin's hook `config`.
 *   - Text is haraka_str: a pointer and a length, not NUL-terminated, any 8-bit data. Who is called copies what it
 *     keeps; nobody frees the other side's memory.
 *   - Objects are 64-bit handles. One that is stale, forged or of the wrong kind is HARAKA_E_HANDLE and a line in the
 *     log, never a memory error. Zero is "none".
 *   - A callback is (function, context, destroy). destroy runs exactly once, on the loop, also when the callback
 *     itself never ran because it was revoked. A call that is refused (a negative status) has taken nothing: its
 *     destroy does not run, the context is still the plugin's.
 *   - Nothing but a return crosses the border: no exception, no longjmp.
 *   - Every struct begins with its size, so it can grow. Set it to sizeof; the macros and inline functions do.
 *
 * Version 0.x: may still change, each change is in CHANGELOG.md. From 1.0 on it only grows.
 * LP64, little endian. C11, C++11, importable by Swift, readable by bindgen.
 */
#ifndef HARAKA_PLUGIN_H
#define HARAKA_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HARAKA_ABI_MAJOR 0
#define HARAKA_ABI_MINOR 5

#define HARAKA_EXPORT __attribute__((visibility("default"), used))
#define HARAKA_HIDDEN __attribute__((visibility("hidden")))

/* ------------------------------------------------------------------------------------------------ codes ---------- */

/* What a hook answers. The numbers are Haraka's. A hook that returns 0 means HARAKA_CONT. */
#define HARAKA_CONT 900               /* let the next plugin of this hook decide                                     */
#define HARAKA_STOP 901               /* `log` hook: this line is taken, do not write it                             */
#define HARAKA_DENY 902               /* refuse for good, 5xx                                                        */
#define HARAKA_DENYSOFT 903           /* refuse for now, 4xx                                                         */
#define HARAKA_DENYDISCONNECT 904     /* 5xx, then close                                                             */
#define HARAKA_DISCONNECT 905         /* close                                                                       */
#define HARAKA_OK 906                 /* accept; no further plugin is asked                                          */
#define HARAKA_NEXT_HOOK 907          /* `unrecognized_command`: run the hook named in the reply instead             */
#define HARAKA_HOOK_NEXT 907          /* the same, as Haraka's documents spell it                                    */
#define HARAKA_DELAY 908              /* `send_email`: try again after the seconds in the reply                      */
#define HARAKA_DENYSOFTDISCONNECT 909 /* 4xx, then close                                                             */
#define HARAKA_DONE 910               /* the chain ends and the core sends nothing (qpsmtpd's DONE)                  */
#define HARAKA_PENDING 1              /* haraka_complete will be called, or was called already                       */

/* What a host function answers: 0, or one of these. */
#define HARAKA_SUCCESS 0
#define HARAKA_E_ARGUMENT (-1)     /* a parameter makes no sense                                                     */
#define HARAKA_E_HANDLE (-2)       /* the handle names nothing (any more)                                            */
#define HARAKA_E_WRONG_THREAD (-3) /* a [loop] function was called elsewhere                                         */
#define HARAKA_E_STATE (-4)        /* not now: for instance registering outside of haraka_register                   */
#define HARAKA_E_ABSENT (-5)       /* no such method, note, header, file, property                                   */
#define HARAKA_E_TYPE (-6)         /* the value has another type, or the property cannot be written                  */
#define HARAKA_E_LIMIT (-7)        /* too many, too long, too deep                                                   */
#define HARAKA_E_ANSWERED (-8)     /* this hook was answered before                                                  */
#define HARAKA_E_TIMED_OUT (-9)    /* the time limit was over                                                        */
#define HARAKA_E_GONE (-10)        /* the client left, nobody waits for this answer                                  */
#define HARAKA_E_REVOKED (-11)     /* the plugin's generation has ended                                              */
#define HARAKA_E_IO (-12)          /* reading or writing failed; the log has the cause                               */
#define HARAKA_E_ABI (-13)         /* host and plugin do not fit                                                     */
#define HARAKA_E_UNSUPPORTED (-14) /* this host does not offer it                                                    */

/* Log levels, most urgent first. */
#define HARAKA_LOG_EMERG 0
#define HARAKA_LOG_ALERT 1
#define HARAKA_LOG_CRIT 2
#define HARAKA_LOG_ERROR 3
#define HARAKA_LOG_WARN 4
#define HARAKA_LOG_NOTICE 5
#define HARAKA_LOG_INFO 6
#define HARAKA_LOG_DEBUG 7
#define HARAKA_LOG_PROTOCOL 8
#define HARAKA_LOG_DATA 9

/* ------------------------------------------------------------------------------------------------ values --------- */

/* Text or bytes: `len` bytes at `ptr`, no NUL at the end. {NULL, 0} is the empty text. */
typedef struct haraka_str {
    const char *ptr;
    size_t len;
} haraka_str;

/* Handles. Copy them freely; `bits` is the host's business. */
typedef struct haraka_self { uint64_t bits; } haraka_self;               /* a plugin, and on whose behalf it acts     */
typedef struct haraka_next { uint64_t bits; } haraka_next;               /* the right to answer one hook once         */
typedef struct haraka_connection { uint64_t bits; } haraka_connection;   /* one client                                */
typedef struct haraka_transaction { uint64_t bits; } haraka_transaction; /* from MAIL to its end                      */
typedef struct haraka_hmail { uint64_t bits; } haraka_hmail;             /* a queued mail (outbound hooks)            */
typedef struct haraka_message { uint64_t bits; } haraka_message;         /* an unchanging view of a message           */
typedef struct haraka_stream { uint64_t bits; } haraka_stream;           /* a message or part, read from the front    */
typedef struct haraka_part { uint64_t bits; } haraka_part;               /* one MIME part of a transaction's message  */
typedef struct haraka_timer { uint64_t bits; } haraka_timer;
typedef struct haraka_object { uint64_t bits; } haraka_object; /* any of connection, transaction, hmail; zero: server */

/* The types of a haraka_value. */
#define HARAKA_TYPE_NULL 0u
#define HARAKA_TYPE_BOOLEAN 1u /* `integer` is 0 or 1                                                                 */
#define HARAKA_TYPE_INTEGER 2u
#define HARAKA_TYPE_NUMBER 3u
#define HARAKA_TYPE_TEXT 4u
#define HARAKA_TYPE_LIST 5u
#define HARAKA_TYPE_MAP 6u
#define HARAKA_TYPE_ADDRESS 7u
#define HARAKA_TYPE_MX 8u

typedef struct haraka_value haraka_value;
typedef struct haraka_entry haraka_entry;
typedef struct haraka_address haraka_address;
typedef struct haraka_mx haraka_mx;

typedef struct haraka_list { const haraka_value *items; size_t count; } haraka_list;
typedef struct haraka_map { const haraka_entry *entries; size_t count; } haraka_map; /* in order, keys unique         */

/* One form for hook arguments, answers, notes, results and configuration. */
struct haraka_value {
    uint32_t type;     /* HARAKA_TYPE_...; says which member below is set */
    uint32_t reserved; /* 0 */
    union {
        int64_t integer;
        double number;
        haraka_str text;
        haraka_list list;
        haraka_map map;
        const haraka_address *address;
        const haraka_mx *mx;
    } as;
};

struct haraka_entry {
    haraka_str key;
    haraka_value value;
};

#define HARAKA_ADDRESS_NULL 1u /* the null reverse-path <> */
#define HARAKA_ADDRESS_UTF8 2u /* needs SMTPUTF8 */

/* An RFC 5321 mailbox. */
struct haraka_address {
    size_t size;
    uint32_t flags;           /* HARAKA_ADDRESS_... */
    uint32_t reserved;
    haraka_str original;      /* as the client wrote it, <> included */
    haraka_str user;          /* local part as written: a quoted one keeps its quotes */
    haraka_str host;          /* lower case, internationalised domains as A-labels */
    haraka_str original_host; /* as written */
    haraka_str address;       /* user@original_host */
};

#define HARAKA_MX_LMTP 1u
#define HARAKA_MX_TLS_REQUIRED 2u /* since 0.5: nothing is sent without TLS and a certificate that is vouched for        */
#define HARAKA_MX_NO_TLS 4u       /* since 0.5: STARTTLS is not used even if it is offered                               */

/* Where to deliver (answer of get_mx). */
struct haraka_mx {
    size_t size;
    uint32_t flags; /* HARAKA_MX_... */
    int32_t priority;
    uint32_t port;  /* 0: the default */
    uint32_t reserved;
    haraka_str exchange;  /* host name or address */
    haraka_str path;      /* unix socket, instead of exchange */
    haraka_str bind;      /* source address */
    haraka_str bind_helo; /* name for EHLO */
    haraka_str auth_user, auth_pass, auth_type;
};

/* ------------------------------------------------------------------------------------------------ calls ---------- */

/* What a hook or method is given. (call), all of it; haraka_next_arguments lends the arguments again later. */
typedef struct haraka_call {
    size_t size;
    haraka_self self;                 /* on whose behalf: for an inherited method, the child */
    haraka_next next;                 /* answer with this */
    haraka_connection connection;     /* zero for init_* hooks and hooks about queued mail */
    haraka_transaction transaction;   /* zero outside a transaction */
    haraka_hmail hmail;               /* outbound hooks only */
    haraka_str hook;                  /* the hook that runs, so that one method can serve several */
    void *data;                       /* what haraka_set_data stored for (self, the object this method is of) */
    void *context;                    /* what the method was registered with */
    const haraka_value *arguments;
    size_t argument_count;
    haraka_value *result;             /* where a method called by haraka_invoke leaves its value; else NULL */
} haraka_call;

/* A hook or a method. Returns a code, or HARAKA_PENDING. */
typedef int32_t (*haraka_function)(const haraka_call *call);
typedef void (*haraka_destroy)(void *context);

/* Something to run later on the loop. */
typedef struct haraka_callback {
    void (*function)(void *context);
    void *context;
    haraka_destroy destroy; /* or NULL */
} haraka_callback;

/* A method that was found: call it with haraka_invoke. (generation) */
typedef struct haraka_method {
    size_t size;
    haraka_function function;
    haraka_self self;
    void *data;
    void *context;
} haraka_method;

/* What an answer says besides its code. All zero: the core's own words. CR, LF and control characters inside a line
 * are removed, so no text can add a reply of its own to the dialogue. */
typedef struct haraka_reply {
    size_t size;
    const haraka_str *lines; /* without the code; each may hold \n, which begins a new line */
    size_t line_count;
    uint32_t code;           /* DSN: replaces the hook's SMTP code; 0: the hook's own */
    uint8_t status_class;    /* DSN: enhanced status class.subject.detail (RFC 3463); class 0: none */
    uint8_t reserved;
    uint16_t status_subject;
    uint16_t status_detail;
    uint16_t reserved2[3];
    const haraka_value *value; /* seconds, MX list, host, hook name ...: as the hook documents; or NULL */
} haraka_reply;

/* ------------------------------------------------------------------------------------------------ properties ----- */

/* Of a connection. "rw": haraka_set works. */
#define HARAKA_CONN_UUID 1              /* text */
#define HARAKA_CONN_REMOTE_IP 2         /* text, rw: is_private and is_local follow */
#define HARAKA_CONN_REMOTE_PORT 3       /* integer, rw */
#define HARAKA_CONN_REMOTE_HOST 4       /* text, rw: reverse name, or Unknown, NXDOMAIN, DNSERROR */
#define HARAKA_CONN_REMOTE_INFO 5       /* text, rw */
#define HARAKA_CONN_REMOTE_IS_PRIVATE 6 /* boolean */
#define HARAKA_CONN_REMOTE_IS_LOCAL 7   /* boolean */
#define HARAKA_CONN_REMOTE_CLOSED 8     /* boolean */
#define HARAKA_CONN_REMOTE_LOGIN 9      /* text, rw */
#define HARAKA_CONN_LOCAL_IP 10         /* text, rw */
#define HARAKA_CONN_LOCAL_PORT 11       /* integer, rw */
#define HARAKA_CONN_LOCAL_HOST 12       /* text, rw: our name in the dialogue (config/me) */
#define HARAKA_CONN_LOCAL_INFO 13       /* text */
#define HARAKA_CONN_HELLO_HOST 14       /* text, rw */
#define HARAKA_CONN_HELLO_VERB 15       /* text: HELO, EHLO or empty */
#define HARAKA_CONN_RELAYING 16         /* boolean, rw: written on the transaction while there is one */
#define HARAKA_CONN_ESMTP 17            /* boolean */
#define HARAKA_CONN_PIPELINING 18       /* boolean */
#define HARAKA_CONN_EARLY_TALKER 19     /* boolean, rw */
#define HARAKA_CONN_ERRORS 20           /* integer, rw: protocol errors */
#define HARAKA_CONN_LAST_RESPONSE 21    /* text: the last reply */
#define HARAKA_CONN_LAST_REJECT 22      /* text: the last one with code >= 400 */
#define HARAKA_CONN_RCPT_ACCEPT 23      /* integer */
#define HARAKA_CONN_RCPT_TEMPFAIL 24    /* integer */
#define HARAKA_CONN_RCPT_REJECT 25      /* integer */
#define HARAKA_CONN_MSG_ACCEPT 26       /* integer */
#define HARAKA_CONN_MSG_TEMPFAIL 27     /* integer */
#define HARAKA_CONN_MSG_REJECT 28       /* integer */
#define HARAKA_CONN_TOTAL_BYTES 29      /* integer: content bytes received */
#define HARAKA_CONN_START_TIME 30       /* integer: milliseconds since 1970 */
#define HARAKA_CONN_CURRENT_LINE 31     /* text: the command line that is being handled, without CR LF */
#define HARAKA_CONN_TRAN_COUNT 32       /* integer: transactions begun */
#define HARAKA_CONN_CAPABILITIES 33     /* list of text, rw; haraka_append adds one (hook `capabilities`) */
#define HARAKA_CONN_TLS_ENABLED 34      /* boolean */
#define HARAKA_CONN_STATE 35            /* integer: Haraka's number: CMD 1, LOOP 2, DATA 3, DISCONNECTING 99 ... */
#define HARAKA_CONN_HOOK 36             /* text: the hook that runs, or empty */
#define HARAKA_CONN_ROLE 37             /* text: the listener's section in smtp.ini: mx, submission, lmtp, or empty */
#define HARAKA_CONN_TLS_VERSION 38      /* text: TLSv1.3 ...; empty without TLS, as all that follows */
#define HARAKA_CONN_TLS_CIPHER 39       /* text: OpenSSL's name of the cipher suite */
#define HARAKA_CONN_TLS_CIPHER_STANDARD 40 /* text: the RFC's name of it */
#define HARAKA_CONN_TLS_BITS 41         /* integer: of the secret key */
#define HARAKA_CONN_TLS_SERVER_NAME 42  /* text: the name that the client asked for (SNI) */
#define HARAKA_CONN_TLS_ALPN 43         /* text: the protocol that both chose */
#define HARAKA_CONN_TLS_RESUMED 44      /* boolean: the session was resumed */
#define HARAKA_CONN_TLS_VERIFIED 45     /* boolean: the client has shown a certificate that tls.ini's ca vouches for */
#define HARAKA_CONN_TLS_VERIFY_ERROR 46 /* text: why it does not */
#define HARAKA_CONN_TLS_PEER 47         /* map: subject, issuer, cn, names (list), serial, not_before, not_after (seconds
                                           since 1970), fingerprint (SHA-256, hex); null: the client has shown none */
#define HARAKA_CONN_TLS_ADVERTISED 48   /* boolean, rw: STARTTLS was offered */
#define HARAKA_CONN_AUTH_USER 49        /* text, rw: who has authenticated; empty: nobody */
#define HARAKA_CONN_AUTH_METHOD 50      /* text, rw: how: PLAIN, SCRAM-SHA-256 ... */
#define HARAKA_CONN_PROXY 51            /* map: ip (of the proxy), type (haproxy), version (1 or 2), tls (boolean), authority,
                                           alpn, tlvs (list of maps: type, value); null: the client came by itself */

/* Of a transaction. */
#define HARAKA_TRAN_UUID 1001            /* text: <connection uuid>.<n> */
#define HARAKA_TRAN_MAIL_FROM 1002       /* address, rw */
#define HARAKA_TRAN_RCPT_TO 1003         /* list of addresses, rw */
#define HARAKA_TRAN_DATA_BYTES 1004      /* integer: content bytes; 0 until the message has ended */
#define HARAKA_TRAN_RCPT_ACCEPT 1005     /* integer */
#define HARAKA_TRAN_RCPT_TEMPFAIL 1006   /* integer */
#define HARAKA_TRAN_RCPT_REJECT 1007     /* integer */
#define HARAKA_TRAN_MSG_STATUS 1008      /* text: accepted, deferred, rejected or empty */
#define HARAKA_TRAN_DISCARD_DATA 1009    /* boolean, rw: do not keep the message */
#define HARAKA_TRAN_RELAYING 1010        /* boolean, rw */
#define HARAKA_TRAN_DATA_POST_START 1011 /* integer: milliseconds since 1970, 0 before data_post */
#define HARAKA_TRAN_DATA_POST_DELAY 1012 /* number: seconds */
#define HARAKA_TRAN_ENCODING 1013        /* text: utf8 or binary */
#define HARAKA_TRAN_PARSE_BODY 1014      /* boolean, rw: parse MIME parts while they come; until `data` has ended     */
#define HARAKA_TRAN_MIME_PART_COUNT 1015 /* integer: parts so far, 0 if nobody parses                                 */

/* Of a MIME part (service body/1). */
#define HARAKA_PART_INDEX 2001        /* integer: 0 is the whole message, then in order of appearance                 */
#define HARAKA_PART_DEPTH 2002        /* integer: 0 is the whole message                                              */
#define HARAKA_PART_CONTENT_TYPE 2003 /* text: type/subtype in lower case; text/plain if the part does not say        */
#define HARAKA_PART_CHARSET 2004      /* text: lower case, empty if the part does not say                             */
#define HARAKA_PART_ENCODING 2005     /* text: transfer encoding in lower case, 7bit if the part does not say         */
#define HARAKA_PART_DISPOSITION 2006  /* text: inline, attachment ... in lower case, or empty                         */
#define HARAKA_PART_FILENAME 2007     /* text: UTF-8, decoded, as the sender wrote it (it may hold / and ..)          */
#define HARAKA_PART_BOUNDARY 2008     /* text: of a multipart, else empty                                             */
#define HARAKA_PART_SIZE 2009         /* integer: bytes as they stand in the message, without the part's header       */
#define HARAKA_PART_IS_ATTACHMENT 2010 /* boolean: disposition attachment, or neither text, multipart nor message     */
#define HARAKA_PART_IS_COMPLETE 2011  /* boolean: ended by its boundary, not by the end of the message                */
#define HARAKA_PART_CHILDREN 2012     /* integer: how many parts are directly in it                                   */

/* Of a queued mail: one message and those of its recipients who have one domain (of the outbound hooks). Since 0.5. */
#define HARAKA_HMAIL_UUID 3001         /* text: <transaction uuid>.<n>, n counts the domains of a transaction from 1    */
#define HARAKA_HMAIL_PATH 3002         /* text: its file in the queue folder, whole                                     */
#define HARAKA_HMAIL_FILENAME 3003     /* text: the file's name: the transaction's uuid                                 */
#define HARAKA_HMAIL_NUM_FAILURES 3004 /* integer: attempts that have failed                                            */
#define HARAKA_HMAIL_DOMAIN 3005       /* text: lower case, A-labels; a literal with its brackets                       */
#define HARAKA_HMAIL_MAIL_FROM 3006    /* address                                                                       */
#define HARAKA_HMAIL_RCPT_TO 3007      /* list of addresses: those who still wait                                       */
#define HARAKA_HMAIL_QUEUE_TIME 3008   /* integer: milliseconds since 1970                                              */
#define HARAKA_HMAIL_SIZE 3009         /* integer: bytes of the message                                                 */
#define HARAKA_HMAIL_FORCE_TLS 3010    /* boolean, rw: this attempt needs TLS with a certificate that is vouched for    */
#define HARAKA_HMAIL_LAST_ERROR 3011   /* text: what the last attempt ended with, or empty                              */
#define HARAKA_HMAIL_ORIGIN 3012       /* text: who made it: smtp, a plugin's name, bounce, sendmail                    */

/* Where a header goes. */
#define HARAKA_HEADER_END 0     /* after the others */
#define HARAKA_HEADER_LEADING 1 /* before the others */

/* Types of configuration files (config_get). */
#define HARAKA_CONFIG_BY_NAME 0 /* by the file's ending; none is a value */
#define HARAKA_CONFIG_VALUE 1
#define HARAKA_CONFIG_LIST 2
#define HARAKA_CONFIG_DATA 3
#define HARAKA_CONFIG_INI 4
#define HARAKA_CONFIG_JSON 5
#define HARAKA_CONFIG_BINARY 6
#define HARAKA_CONFIG_YAML 7  /* since 0.2 */
#define HARAKA_CONFIG_HJSON 8 /* since 0.2 */

/* How message_stream gives a message. 0: as it stands, CR LF line ends, no dot stuffing. */
#define HARAKA_STREAM_LF 1u           /* line ends are LF                                                            */
#define HARAKA_STREAM_DOT_STUFFED 2u  /* a dot at the start of a line is doubled (RFC 5321 section 4.5.2)            */
#define HARAKA_STREAM_ENDING_DOT 4u   /* ends with a line of one dot                                                 */
#define HARAKA_STREAM_SKIP_HEADERS 8u /* the body only                                                               */
#define HARAKA_STREAM_CLAMD 16u       /* clamd's INSTREAM: 4 bytes of length, big endian, before each chunk; 0 ends  */

/* Who is told how something ended that takes time: `status` is HARAKA_SUCCESS or HARAKA_E_... Runs at most once; destroy
 * as ever. */
typedef struct haraka_status_callback {
    void (*function)(void *context, int32_t status);
    void *context;
    haraka_destroy destroy;
} haraka_status_callback;

/* Who is given the client's next line, without its line end. status HARAKA_E_LIMIT: it was too long and is lost. */
typedef struct haraka_line_callback {
    void (*function)(void *context, int32_t status, haraka_str line);
    void *context;
    haraka_destroy destroy;
} haraka_line_callback;

/* Who is told what the plugins of a hook have decided. `code` is HARAKA_CONT if nobody did. */
typedef struct haraka_verdict_callback {
    void (*function)(void *context, int32_t code, const haraka_reply *reply);
    void *context;
    haraka_destroy destroy;
} haraka_verdict_callback;

/* restart */
#define HARAKA_RESTART_KEEP_NAME 1u /* the client's name is known: `lookup_rdns` is not asked */

typedef struct haraka_stream_options {
    size_t size;
    uint32_t flags;      /* HARAKA_STREAM_... */
    uint32_t chunk_size; /* of clamd chunks; 0: 65536 */
} haraka_stream_options;

/* ------------------------------------------------------------------------------------------------ host ----------- */

/*
 * Everything the host offers, given to haraka_register. (process) The table only grows at its end; a member is there
 * if haraka_host_has(member). Use the haraka_... functions below rather than the members.
 */
typedef struct haraka_host {
    size_t size;
    uint32_t abi_major, abi_minor;
    haraka_str version; /* of the server, for humans */

    /* -- registration -------------------------------------------------------------------------------------------- */

    /* [register] Runs `method` on `hook`. The method is looked up when haraka_register has returned, so that children
     * can override it: the child's methods, its exported symbols, then each parent. One that is missing refuses to load
     * the plugin. Priority -100 (first) to 100 (last), clamped. May be called several times for one hook. */
    int32_t (*register_hook)(haraka_self self, haraka_str hook, haraka_str method, int32_t priority);
    /* [register] The same with a function; `context` arrives in call->context. */
    int32_t (*register_function)(haraka_self self, haraka_str hook, haraka_function function, void *context,
                                 haraka_destroy destroy, int32_t priority);
    /* [register] Adds a method that needs no exported symbol, for register_hook, children and find_method. */
    int32_t (*add_method)(haraka_self self, haraka_str name, haraka_function function, void *context,
                          haraka_destroy destroy);
    /* [register] Loads `parent`, runs its haraka_register with this plugin as `self`, and makes its methods the
     * fallback of this plugin's. Its hooks are registered for this plugin too. HARAKA_E_ABSENT: not installed;
     * HARAKA_E_LIMIT: a circle, or more than 16 parents in all. Any failure refuses to load this plugin, whatever its
     * haraka_register returns then. */
    int32_t (*inherits)(haraka_self self, haraka_str parent);
    /* [loop] What `this.name` is in Haraka: the child's override first. Fill out->size before. */
    int32_t (*find_method)(haraka_self self, haraka_str name, haraka_method *out);
    /* [loop] The super call: the method that `parent` provides, run on behalf of `self`. */
    int32_t (*find_parent_method)(haraka_self self, haraka_str parent, haraka_str name, haraka_method *out);
    /* [loop] Data kept for (self, the object whose code was given this `self`): two children of one parent share
     * nothing. The old data's destroy runs. It arrives in call->data. */
    int32_t (*set_data)(haraka_self self, void *data, haraka_destroy destroy);
    /* [loop] NULL if none. */
    void *(*get_data)(haraka_self self);
    /* [any] The name as in config/plugins. (generation) */
    haraka_str (*plugin_name)(haraka_self self);

    /* -- answers ------------------------------------------------------------------------------------------------- */

    /* [any] Answers a hook. The first answer wins: HARAKA_E_ANSWERED, HARAKA_E_TIMED_OUT, HARAKA_E_GONE or
     * HARAKA_E_REVOKED say that nobody took this one. `reply` may be NULL. The chain goes on after the current hook
     * function has returned, or soon if called on another thread. */
    int32_t (*complete)(haraka_next next, int32_t code, const haraka_reply *reply);
    /* [loop] Milliseconds until the time limit; INT64_MAX if there is none. */
    int32_t (*deadline)(haraka_next next, int64_t *milliseconds);
    /* [loop] Runs the callback if the answer is not needed any more (client left, time limit, shutdown). Its context is
     * destroyed when the hook has been answered or cancelled. One per next. */
    int32_t (*on_cancel)(haraka_next next, const haraka_callback *callback);
    /* [loop] The hook's arguments again, as a list (call). */
    int32_t (*next_arguments)(haraka_next next, haraka_value *out);

    /* -- log ----------------------------------------------------------------------------------------------------- */

    /* [any] 1 if lines of this level are written: ask before building an expensive one. */
    int32_t (*log_enabled)(int32_t level);
    /* [any] One line with the plugin's name and, if `object` is not zero, its uuid. Line ends inside are escaped. */
    void (*log)(haraka_self self, int32_t level, haraka_object object, haraka_str text);

    /* -- configuration ------------------------------------------------------------------------------------------- */

    /* [loop] config/<name>, laid over the plugin's own defaults. `booleans` declares ini booleans as in Haraka, blank
     * separated: "main.enabled +main.strict -section.key". Missing files are empty values. HARAKA_E_IO: nothing of the
     * file can be used (the log says why); keep what you have. While registering that refuses to load. (call) */
    int32_t (*config_get)(haraka_self self, haraka_str name, int32_t type, haraka_str booleans, haraka_value *out);

    /* -- connection, transaction --------------------------------------------------------------------------------- */

    /* [loop] Reads a property. (call) */
    int32_t (*get)(haraka_object object, int32_t property, haraka_value *out);
    /* [loop] Writes one that is marked rw. */
    int32_t (*set)(haraka_object object, int32_t property, const haraka_value *value);
    /* [loop] Adds to a list property. */
    int32_t (*append)(haraka_object object, int32_t property, const haraka_value *value);
    /* [loop] The connection's transaction; zero if it has none. */
    haraka_transaction (*transaction_of)(haraka_connection connection);
    /* [loop] Sends a reply at once (then answer HARAKA_OK or HARAKA_DONE, so that the core sends nothing). */
    int32_t (*respond)(haraka_connection connection, int32_t code, const haraka_reply *reply);
    /* [loop] Ends the connection after the current hook, without a reply. */
    int32_t (*disconnect)(haraka_connection connection);
    /* [loop] Stops and goes on reading from the client. Pauses count: each needs its resume. */
    int32_t (*pause)(haraka_connection connection);
    int32_t (*resume)(haraka_connection connection);

    /* -- notes: free data on the server (zero object: this process), a connection or a transaction ---------------- */

    /* [loop] Path "a.b.c" makes the levels that are missing. */
    int32_t (*note_set)(haraka_object object, haraka_str path, const haraka_value *value);
    /* [loop] HARAKA_E_ABSENT and a null value if there is none. (call) */
    int32_t (*note_get)(haraka_object object, haraka_str path, haraka_value *out);
    /* [loop] A pointer of the plugin's own, destroyed with the object, when replaced, or at the generation's end. No
     * other plugin sees it. */
    int32_t (*note_set_pointer)(haraka_self self, haraka_object object, haraka_str name, void *pointer,
                                haraka_destroy destroy);
    int32_t (*note_get_pointer)(haraka_self self, haraka_object object, haraka_str name, void **out);

    /* -- results: what plugins found out about a connection or transaction ---------------------------------------- */

    /* [loop] pass, fail, msg, err and skip collect; any other key is replaced. `emit` non-zero logs the collated line. */
    int32_t (*result_add)(haraka_self self, haraka_object object, haraka_str key, const haraka_value *value,
                          int32_t emit);
    /* [loop] Appends to a list of any name. */
    int32_t (*result_push)(haraka_self self, haraka_object object, haraka_str key, const haraka_value *value);
    /* [loop] Adds to a number. */
    int32_t (*result_incr)(haraka_self self, haraka_object object, haraka_str key, double by);
    /* [loop] What `plugin` recorded: one key, or a map of all if `key` is empty. (call) */
    int32_t (*result_get)(haraka_object object, haraka_str plugin, haraka_str key, haraka_value *out);
    /* [loop] 1 if the key equals, or its list contains, `search`; 0 if not. */
    int32_t (*result_has)(haraka_object object, haraka_str plugin, haraka_str key, const haraka_value *search);
    /* [loop] "key: value, pass:a, b" for humans. (call) */
    int32_t (*result_collate)(haraka_object object, haraka_str plugin, haraka_str *out);

    /* -- headers and message ------------------------------------------------------------------------------------- */

    /* [loop] Adds a header field; `where` is HARAKA_HEADER_... Before DATA it waits for the message. */
    int32_t (*header_add)(haraka_transaction transaction, haraka_str name, haraka_str value, int32_t where);
    /* [loop] Removes all fields of that name. */
    int32_t (*header_remove)(haraka_transaction transaction, haraka_str name);
    /* [loop] A list of text, one per field, in order. (call) */
    int32_t (*header_get)(haraka_transaction transaction, haraka_str name, haraka_value *out);
    /* [loop] The message as it stands now, headers and body, CR LF line ends, no dot stuffing. From the hook data_post
     * on. Release it when done; it outlives the transaction. */
    int32_t (*message_retain)(haraka_transaction transaction, haraka_message *out);
    /* [any] */
    int32_t (*message_release)(haraka_message message);
    /* [any] Bytes; negative: error. */
    int64_t (*message_size)(haraka_message message);
    /* [any] Reads up to `count` bytes at `offset`; returns how many, 0 at the end, negative: error. */
    int64_t (*message_read)(haraka_message message, uint64_t offset, void *buffer, size_t count);

    /* -- time and work ------------------------------------------------------------------------------------------- */

    /* [any] Runs the callback on the loop, soon. */
    int32_t (*post)(haraka_self self, const haraka_callback *callback);
    /* [loop] Runs it after `delay` ms, then every `period` ms if that is not 0. `out` may be NULL. */
    int32_t (*timer_start)(haraka_self self, int64_t delay, int64_t period, const haraka_callback *callback,
                           haraka_timer *out);
    /* [loop] The callback will not run (again); its context is destroyed. */
    int32_t (*timer_cancel)(haraka_timer timer);
    /* [loop] Runs `work` on a thread for slow things (files, sync), then `done` on the loop, both with callback->context
     * (callback->function is `done`). `work` may use [any] functions only. */
    int32_t (*offload)(haraka_self self, void (*work)(void *context), const haraka_callback *done);
    /* [any] Milliseconds: since 1970, and on a clock that never goes back. */
    int64_t (*wall_clock)(void);
    int64_t (*monotonic_clock)(void);

    /* -- more ---------------------------------------------------------------------------------------------------- */

    /* [any] An optional table by name and revision ("regex/1"), or NULL. (process) */
    const void *(*service)(haraka_str name);

    /* -- since 0.2 ------------------------------------------------------------------------------------------------ */

    /* [loop] Runs the callback after config/<name> has changed while the server runs: read it again with config_get. Any
     * number of names per plugin; the same name again replaces the callback. Destroyed at the generation's end. */
    int32_t (*config_watch)(haraka_self self, haraka_str name, const haraka_callback *callback);

    /* -- since 0.3 ------------------------------------------------------------------------------------------------ */

    /* [loop] As header_get, decoded to UTF-8 (RFC 2047, RFC 2231), folds undone. */
    int32_t (*header_get_decoded)(haraka_transaction transaction, haraka_str name, haraka_value *out);
    /* [loop] A list of text: every field as it stands, "Name: value" with its folds, without the last line end. (call) */
    int32_t (*header_lines)(haraka_transaction transaction, haraka_value *out);
    /* [loop] Says `text` in the Authentication-Results field that the core adds: of the transaction if there is one, of the
     * connection else. Empty text says nothing. `out` (may be NULL): the field's value so far. (call) */
    int32_t (*auth_results)(haraka_connection connection, haraka_str text, haraka_str *out);
    /* [any] Reads a message from the front in the form that `options` ask for (NULL: as it stands). Holds the message until
     * it is closed. Several may be open; each is for one thread at a time. */
    int32_t (*message_stream)(haraka_message message, const haraka_stream_options *options, haraka_stream *out);
    /* [any] Up to `count` bytes; returns how many, 0 at the end, negative: error. */
    int64_t (*stream_read)(haraka_stream stream, void *buffer, size_t count);
    /* [any] Closes what message_stream or body/1 opened. */
    int32_t (*stream_close)(haraka_stream stream);
    /* [loop] As config_get, for one user: the plugins of hook `user_config` are asked, then it is the common file. If they
     * need time: HARAKA_PENDING, and `later` runs once it is known: ask again then. With `later` NULL the common file is
     * given meanwhile. A callback that was taken is destroyed after it ran or at the generation's end. (call) */
    int32_t (*user_config_get)(haraka_self self, const haraka_address *user, haraka_str name, int32_t type,
                               haraka_str booleans, const haraka_callback *later, haraka_value *out);
    /* [loop] What ps shows for this process; empty: as it was started. Cut to the room there is. */
    int32_t (*process_title)(haraka_self self, haraka_str title);

    /* -- since 0.4 ------------------------------------------------------------------------------------------------ */

    /* [loop] Sends `reply` (334 and a challenge, say) and gives the client's next line, whatever it says, to the callback:
     * an exchange inside one hook, which stays open. `limit`: bytes of that line. The hook's time limit stands still while
     * the client is waited for. HARAKA_E_STATE: a line is awaited already, or the hook is none that a command asks, those
     * about outbound mail among them. */
    int32_t (*ask_client)(haraka_next next, const haraka_reply *reply, size_t limit, const haraka_line_callback *callback);
    /* [loop] Asks the plugins of a hook that the core does not ask by itself: auth_plain, auth_login, auth_cram_md5, auth, or
     * one of any name of your own. The hook that `next` is of stays open. HARAKA_E_ABSENT: nobody is on that hook.
     * HARAKA_E_ARGUMENT: a hook of the core's. HARAKA_E_STATE: one is asked already, or it is about a queued mail: there is
     * no client then whose plugins these would be. */
    int32_t (*ask_hook)(haraka_next next, haraka_str hook, const haraka_value *arguments, size_t count,
                        const haraka_verdict_callback *callback);
    /* [loop] The session begins anew once the current hook was answered with HARAKA_OK: another uuid, no transaction, no hello,
     * nobody authenticated, no relaying. The client's name is looked up unless `flags` say that it is known, `connect` is
     * asked, and the client gets a banner. Only in `unrecognized_command`. (XCLIENT) */
    int32_t (*restart)(haraka_connection connection, uint32_t flags);
} haraka_host;

/* ------------------------------------------------------------------------------------------------ regex/1 -------- */

typedef struct haraka_regex { uint64_t bits; } haraka_regex;

#define HARAKA_REGEX_CASELESS 1u
#define HARAKA_REGEX_ANCHORED 2u /* the whole subject must match */

/* Perl-compatible regular expressions (PCRE2) with limits, so that no subject can hold the loop. */
typedef struct haraka_regex_1 {
    size_t size;
    /* [loop] Compiles. On HARAKA_E_ARGUMENT `error` (may be NULL) says why and where. (call) The regex lives until it is
     * freed or the generation ends. */
    int32_t (*compile)(haraka_self self, haraka_str pattern, uint32_t options, haraka_regex *out, haraka_str *error);
    /* [loop] 1: matches, 0: does not, HARAKA_E_LIMIT: gave up, because it would take too long or the subject has more
     * than 64 KiB. Fills up to `count` groups (0 is the whole match), which point into `subject`. */
    int32_t (*match)(haraka_regex regex, haraka_str subject, haraka_str *groups, size_t count);
    /* [loop] */
    int32_t (*free)(haraka_regex regex);
} haraka_regex_1;

/* ------------------------------------------------------------------------------------------------ body/1 --------- */

/* What is known when a part's content begins. (call) */
typedef struct haraka_part_info {
    size_t size;
    haraka_str content_type; /* these as HARAKA_PART_... */
    haraka_str charset;
    haraka_str encoding;
    haraka_str disposition;
    haraka_str filename;
    uint32_t index;
    uint32_t depth;
    uint32_t is_attachment;
    uint32_t reserved;
} haraka_part_info;

/* Who wants the content of attachments while they come, one piece after the other, transfer encoding undone. In any of its
 * functions the client can be held back with haraka_table->pause, until resume. */
typedef struct haraka_attachments {
    size_t size;
    /* [loop] A part begins that is an attachment. 1: its content comes to `data`; 0: not this one. What is left in
     * `*part_context` arrives in the other two. */
    int32_t (*begin)(void *context, haraka_transaction transaction, const haraka_part_info *part, void **part_context);
    /* [loop] */
    void (*data)(void *context, void *part_context, haraka_str bytes);
    /* [loop] Exactly once for each part that was wanted. complete: 1 the boundary came; 0 the message ended without it; -1
     * the message is not wanted any more, or the client has gone. */
    void (*end)(void *context, void *part_context, int32_t complete);
    void *context;
    haraka_destroy destroy; /* at the end of the transaction, or NULL */
} haraka_attachments;

/* Takes what a filter gives. Valid only in the call that it was given to. */
typedef struct haraka_output { uint64_t bits; } haraka_output;

/* Who rewrites the content of parts while they come. */
typedef struct haraka_filter {
    size_t size;
    /* [loop] A part begins that is no multipart. 1: it is rewritten; 0: it stays byte for byte. */
    int32_t (*begin)(void *context, haraka_transaction transaction, const haraka_part_info *part, void **part_context);
    /* [loop] Content, transfer encoding undone, in the part's own charset. What takes its place goes to `emit`, now or in a
     * later call. `last` is 1 in exactly one call, the last, whose `bytes` may be empty. */
    void (*data)(void *context, void *part_context, haraka_str bytes, int32_t last, haraka_output output);
    /* [loop] Exactly once for each part that was wanted: `part_context` is not used any more. May be NULL. */
    void (*end)(void *context, void *part_context);
    void *context;
    haraka_destroy destroy; /* at the end of the transaction, or NULL */
} haraka_filter;

/* In what form a part is read. */
#define HARAKA_PART_RAW 0     /* as it stands in the message, without its header     */
#define HARAKA_PART_DECODED 1 /* transfer encoding undone                            */
#define HARAKA_PART_TEXT 2    /* and in UTF-8; what cannot be converted is U+FFFD    */

/* Bodies and MIME parts (RFC 2045, 2046). Nothing is copied that nobody asks for: a part is read where the message is kept,
 * in memory or on disk, so a large one costs no memory. */
typedef struct haraka_body_1 {
    size_t size;
    /* [loop] The whole message as a part. From the hook `data_post` on; quick if HARAKA_TRAN_PARSE_BODY was set in time, else
     * the message is parsed now. Parts live as long as the transaction. */
    int32_t (*root)(haraka_transaction transaction, haraka_part *out);
    /* [loop] The part with that HARAKA_PART_INDEX: 0, 1, 2 ... until HARAKA_E_ABSENT visits them all. */
    int32_t (*part)(haraka_transaction transaction, size_t index, haraka_part *out);
    /* [loop] The child with that number, from 0. */
    int32_t (*child)(haraka_part part, size_t number, haraka_part *out);
    /* [loop] HARAKA_E_ABSENT: it is the whole message. */
    int32_t (*parent)(haraka_part part, haraka_part *out);
    /* [loop] HARAKA_PART_... (call) */
    int32_t (*get)(haraka_part part, int32_t property, haraka_value *out);
    /* [loop] The part's own header fields of that name, a list of text; decoded: to UTF-8 (RFC 2047, RFC 2231). (call) */
    int32_t (*header_get)(haraka_part part, haraka_str name, int32_t decoded, haraka_value *out);
    /* [loop] Opens a part for stream_read, on any thread. `form` is HARAKA_PART_RAW, _DECODED or _TEXT. A multipart has RAW
     * only. It outlives the transaction. */
    int32_t (*open)(haraka_part part, int32_t form, haraka_stream *out);
    /* [loop] Until the hook `data` has ended; then HARAKA_E_STATE. Sets HARAKA_TRAN_PARSE_BODY. */
    int32_t (*attachments)(haraka_self self, haraka_transaction transaction, const haraka_attachments *handler);
    /* [loop] The same for a filter. Filters work one after the other, in the order in which they were added. */
    int32_t (*filter)(haraka_self self, haraka_transaction transaction, const haraka_filter *filter);
    /* [loop] Puts a text under every text part that is no attachment, in the part's own charset. `html` empty: the text, with
     * line breaks. Replaces an earlier banner; both empty: none. Until the hook `data` has ended. */
    int32_t (*banner)(haraka_transaction transaction, haraka_str text, haraka_str html);
    /* [loop] In `data` of a filter. */
    int32_t (*emit)(haraka_output output, haraka_str bytes);
} haraka_body_1;

/* ------------------------------------------------------------------------------------------------ digest/1 ------- */

#define HARAKA_DIGEST_MD5 1
#define HARAKA_DIGEST_SHA1 2
#define HARAKA_DIGEST_SHA256 3
#define HARAKA_DIGEST_SHA512 4

/* Message digests and keyed ones (HMAC, RFC 2104). */
typedef struct haraka_digest_1 {
    size_t size;
    /* [any] Of all of `bytes`. `key` with ptr NULL: a plain digest; else an HMAC with that key. Writes 16, 20, 32 or 64 bytes
     * to `out`, which has `room`; returns how many, negative: error. */
    int32_t (*digest)(int32_t algorithm, haraka_str key, haraka_str bytes, void *out, size_t room);
    /* [any] The same piece by piece: a state to be given to `update` and `finish`, or to `drop`. For one thread at a time. */
    void *(*begin)(int32_t algorithm, haraka_str key);
    int32_t (*update)(void *state, haraka_str bytes);
    int32_t (*finish)(void *state, void *out, size_t room); /* frees the state, also when it fails */
    void (*drop)(void *state);
    /* [any] Whether both hold the same bytes; takes the same time wherever they differ. 1 or 0. */
    int32_t (*equal)(haraka_str a, haraka_str b);
    /* [any] Since 0.4. A key of `room` bytes from a password: PBKDF2 (RFC 8018) with HMAC of `algorithm`. Slow, as it must be:
     * offload it. */
    int32_t (*derive)(int32_t algorithm, haraka_str password, haraka_str salt, uint32_t rounds, void *out, size_t room);
    /* [any] Since 0.4. Bytes that nobody can foresee. */
    int32_t (*random)(void *out, size_t room);
} haraka_digest_1;

/* ------------------------------------------------------------------------------------------------ tls/1 ---------- */

/* STARTTLS (RFC 3207): a plugin offers and starts it, the handshake is the host's. Since 0.4. */
typedef struct haraka_tls_1 {
    size_t size;
    /* [loop] 1: TLS could begin on this connection: there is a certificate, TLS is off, and the listener's rule allows it. */
    int32_t (*available)(haraka_connection connection);
    /* [loop] In the hook `unrecognized_command`: sends 220, throws away what else the client has sent, and does the handshake.
     * The callback is told how it ended; then answer HARAKA_OK. After success nothing that the client has said before counts:
     * no transaction, no hello, nobody authenticated. After a failure the connection is over. The host has its own limit for
     * handshakes, and the hook's stands still meanwhile. HARAKA_E_STATE: not available. */
    int32_t (*start)(haraka_next next, const haraka_status_callback *callback);
    /* [loop] What binds an authentication to this very connection: `type` is "tls-exporter" (RFC 9266), "tls-server-end-point"
     * or "tls-unique" (RFC 5929). HARAKA_E_ABSENT: no TLS, or this version of it has no such binding. (call) */
    int32_t (*channel_binding)(haraka_connection connection, haraka_str type, haraka_str *out);
} haraka_tls_1;

/* ------------------------------------------------------------------------------------------------ dns/1 ---------- */

typedef struct haraka_query { uint64_t bits; } haraka_query; /* a lookup that is under way */

/* Types of records (RFC 1035 and others). Any other number works too; its records have `data` only. */
#define HARAKA_DNS_A 1u
#define HARAKA_DNS_NS 2u
#define HARAKA_DNS_CNAME 5u
#define HARAKA_DNS_PTR 12u
#define HARAKA_DNS_MX 15u
#define HARAKA_DNS_TXT 16u
#define HARAKA_DNS_AAAA 28u
#define HARAKA_DNS_TLSA 52u

/* How a lookup ended. */
#define HARAKA_DNS_FOUND 0
#define HARAKA_DNS_NO_DATA 1   /* the name exists, without records of that type                                      */
#define HARAKA_DNS_NO_NAME 2   /* NXDOMAIN                                                                           */
#define HARAKA_DNS_FAILED 3    /* no usable answer (SERVFAIL, REFUSED, a loop of CNAMEs ...): try again later         */
#define HARAKA_DNS_TIMED_OUT 4 /* none within the time limit                                                         */
#define HARAKA_DNS_BOGUS 5     /* HARAKA_DNS_STRICT, and the signatures are wrong                                    */
#define HARAKA_DNS_BAD_NAME 6  /* no domain name: nothing was asked                                                  */

/* What DNSSEC says of an answer. */
#define HARAKA_DNS_INSECURE 0u /* not signed, or nobody could check */
#define HARAKA_DNS_SECURE 1u   /* validated up to a trust anchor    */
#define HARAKA_DNS_IS_BOGUS 2u /* it should be signed, and is not properly; given anyway unless HARAKA_DNS_STRICT */

#define HARAKA_DNS_STRICT 1u /* options: an answer with wrong signatures is none */

/* One record. This struct does not grow: records stand one behind the other. */
typedef struct haraka_dns_record {
    uint32_t type;
    uint32_t ttl;      /* seconds */
    uint32_t priority; /* MX */
    uint32_t reserved;
    haraka_str text;   /* A, AAAA: the address. MX, PTR, NS, CNAME: a host, lower case, no dot at its end; "." is the root (null
                          MX). TXT: the strings, joined. Others: empty */
    haraka_str data;   /* RDATA as on the wire */
} haraka_dns_record;

typedef struct haraka_dns_answer {
    size_t size;
    int32_t status;    /* HARAKA_DNS_FOUND ... */
    uint32_t security; /* HARAKA_DNS_INSECURE ... */
    uint32_t type;
    uint32_t ttl;         /* seconds for which it holds */
    haraka_str name;      /* that was asked for, lower case */
    haraka_str canonical; /* the end of its chain of CNAMEs; `name` if there is none */
    haraka_str reason;    /* why there are no records, for a log */
    const haraka_dns_record *records; /* MX by priority, others as they came */
    size_t count;
} haraka_dns_answer;

typedef struct haraka_dns_options {
    size_t size;
    uint32_t flags;   /* HARAKA_DNS_STRICT */
    uint32_t reserved;
    int64_t timeout;  /* milliseconds; 0: the configured limit, and never more than it */
    haraka_next next; /* the hook for which it is: ends with it. Zero: none */
} haraka_dns_options;

/* Runs once with the answer, on the loop, never before `lookup` has returned; not at all if the hook has ended or the lookup
 * was cancelled. What `answer` lends is for the call. */
typedef struct haraka_dns_callback {
    void (*function)(void *context, const haraka_dns_answer *answer);
    void *context;
    haraka_destroy destroy;
} haraka_dns_callback;

/* Names (RFC 1034, 1035), with a cache that all plugins of this process share, and DNSSEC (RFC 4035). Since 0.4. */
typedef struct haraka_dns_1 {
    size_t size;
    /* [loop] Asks for records of `type`. `options` and `out` may be NULL. HARAKA_E_LIMIT: too many lookups are under way. */
    int32_t (*lookup)(haraka_self self, haraka_str name, uint32_t type, const haraka_dns_options *options,
                      const haraka_dns_callback *callback, haraka_query *out);
    /* [loop] Its callback will not run. */
    int32_t (*cancel)(haraka_query query);
    /* [loop] The name for a reverse lookup of an address: "4.3.2.1.in-addr.arpa", or with `zone` "4.3.2.1.<zone>" as block
     * lists want it; IPv6 by nibbles. HARAKA_E_ARGUMENT: no address. (call) */
    int32_t (*reverse_name)(haraka_str address, haraka_str zone, haraka_str *out);
} haraka_dns_1;

/* ------------------------------------------------------------------------------------------------ domains/1 ------ */

/* Which part of a domain somebody has registered (the public suffix list), and A-labels (RFC 5890). Since 0.4. */
typedef struct haraka_domains_1 {
    size_t size;
    /* [loop] The organizational domain: example.co.uk for mail.example.co.uk. Empty: the name is a public suffix itself, or no
     * domain. (call) */
    int32_t (*organizational)(haraka_str name, haraka_str *out);
    /* [loop] 1: co.uk, com; 0: not. */
    int32_t (*is_public_suffix)(haraka_str name);
    /* [loop] Whether its last label is a top level domain that exists. 1 or 0. */
    int32_t (*has_known_top)(haraka_str name);
    /* [loop] A-labels, lower case. HARAKA_E_ARGUMENT: no domain. (call) */
    int32_t (*to_ascii)(haraka_str name, haraka_str *out);
} haraka_domains_1;

/* ------------------------------------------------------------------------------------------------ outbound/1 ----- */

/* Who is told how something ended that has a value: its type is the function's. (call) */
typedef struct haraka_value_callback {
    void (*function)(void *context, int32_t status, const haraka_value *value);
    void *context;
    haraka_destroy destroy;
} haraka_value_callback;

#define HARAKA_MAIL_DOT_STUFFED 1u    /* dots at the start of lines are doubled already                                   */
#define HARAKA_MAIL_REMOVE_MSGID 2u   /* its Message-Id goes, a new one comes                                             */
#define HARAKA_MAIL_REMOVE_DATE 4u    /* the same for Date                                                                */

/* A mail that a plugin sends. */
typedef struct haraka_mail {
    size_t size;
    uint32_t flags;           /* HARAKA_MAIL_... */
    uint32_t recipient_count;
    haraka_str from;          /* a@b or <a@b>; empty or <>: the null reverse-path */
    const haraka_str *recipients;
    haraka_str contents;      /* header fields, empty line, body; line ends may be LF */
    const haraka_value *notes; /* a map that travels with it, or NULL */
    haraka_object origin;     /* for log lines: the connection or transaction that it comes from, or zero */
} haraka_mail;

#define HARAKA_QUEUE_RETRY 1   /* try now */
#define HARAKA_QUEUE_HOLD 2    /* do not try until released */
#define HARAKA_QUEUE_RELEASE 3
#define HARAKA_QUEUE_DELETE 4  /* nobody is told */
#define HARAKA_QUEUE_BOUNCE 5  /* gives up now: the sender gets a report */

/* Which queued mails. All that is empty or 0 matches everything. */
typedef struct haraka_queue_filter {
    size_t size;
    haraka_str id;        /* a file name or uuid */
    haraka_str domain;    /* of recipients */
    haraka_str sender;    /* address, or @domain */
    haraka_str recipient; /* address, or @domain */
    int64_t older_than;   /* seconds since it was queued */
    uint32_t limit;       /* at most so many; 0: all */
    uint32_t reserved;
} haraka_queue_filter;

/* The queue. It may live in another process, so everything takes its time and ends in a callback, once, on the loop.
 * Since 0.5. */
typedef struct haraka_outbound_1 {
    size_t size;
    /* [loop] Queues a mail. The callback's code is HARAKA_OK (it is on disk; the text has its uuid), HARAKA_DENY (an address
     * is wrong; the text says which) or HARAKA_DENYSOFT (the disk does not take it). */
    int32_t (*send)(haraka_self self, const haraka_mail *mail, const haraka_verdict_callback *callback);
    /* [loop] The same for a transaction's message as it stands, to its recipients. From the hook `data_post` on. */
    int32_t (*send_transaction)(haraka_self self, haraka_transaction transaction,
                                const haraka_verdict_callback *callback);
    /* [loop] In outbound hooks: the message that waits. Release it. */
    int32_t (*message)(haraka_hmail hmail, haraka_message *out);
    /* [loop] A map: in_progress, waiting, deferred, held, messages, recipients, bytes (integers). */
    int32_t (*stats)(haraka_self self, const haraka_value_callback *callback);
    /* [loop] A list of maps, oldest first: file, uuid, queue_time (ms), domain, from, to (list), size, attempts, next_attempt (ms,
     * 0: under way), state (waiting, active, deferred, held), error. */
    int32_t (*list)(haraka_self self, const haraka_queue_filter *filter, const haraka_value_callback *callback);
    /* [loop] Does HARAKA_QUEUE_... to them. An integer: how many. */
    int32_t (*act)(haraka_self self, int32_t action, const haraka_queue_filter *filter,
                   const haraka_value_callback *callback);
} haraka_outbound_1;

/* ------------------------------------------------------------------------------------------------ smtp_client/1 -- */

typedef struct haraka_smtp_client { uint64_t bits; } haraka_smtp_client; /* a dialogue with another server */

#define HARAKA_CLIENT_LMTP 1u         /* LHLO, and one reply for each recipient after the message                         */
#define HARAKA_CLIENT_TLS 2u          /* STARTTLS if it is offered                                                        */
#define HARAKA_CLIENT_TLS_REQUIRED 4u /* no dialogue without it                                                           */
#define HARAKA_CLIENT_TLS_VERIFY 8u   /* its certificate must be vouched for                                              */
#define HARAKA_CLIENT_XCLIENT 16u     /* if it is offered, the server is told who our client is                           */
#define HARAKA_CLIENT_FRESH 32u       /* not one that was kept                                                            */

typedef struct haraka_smtp_client_options {
    size_t size;
    uint32_t flags;           /* HARAKA_CLIENT_... */
    uint32_t port;            /* 0: 25, or 24 for LMTP */
    haraka_str host;          /* name or address */
    haraka_str path;          /* unix socket, instead of host */
    haraka_str pool;          /* or several: "ip:port, ip:port"; asked in turn, the dead ones are left out */
    haraka_str helo;          /* empty: our name */
    haraka_str auth_user, auth_pass, auth_type; /* empty user: no AUTH; empty type: the best that both can */
    int64_t connect_timeout;  /* milliseconds; 0: 30 s */
    int64_t idle_timeout;     /* milliseconds for each reply, for a free connection and for your next command, and how long
                                 it is kept afterwards; 0: 300 s */
    int64_t dead_retry;       /* milliseconds until a dead host of a pool is tried again; 0: 10 s */
    haraka_connection connection; /* for whom, or zero: log lines, XCLIENT */
} haraka_smtp_client_options;

/* What a server has answered. (call) */
typedef struct haraka_smtp_reply {
    size_t size;
    uint32_t code;            /* 0: none came; the status says why */
    uint8_t status_class;     /* RFC 3463; 0: none */
    uint8_t reserved;
    uint16_t status_subject;
    uint16_t status_detail;
    uint16_t reserved2[3];
    const haraka_str *lines;  /* without code; the enhanced status stays in its line */
    size_t line_count;
    haraka_str host;          /* host:port, or the socket's path */
} haraka_smtp_reply;

/* Runs once for each reply that is awaited. status: HARAKA_SUCCESS; HARAKA_E_TIMED_OUT; HARAKA_E_GONE: the server has closed;
 * HARAKA_E_IO: no connection, no TLS; lines[0] says why. */
typedef struct haraka_smtp_reply_callback {
    void (*function)(void *context, int32_t status, const haraka_smtp_reply *reply);
    void *context;
    haraka_destroy destroy;
} haraka_smtp_reply_callback;

/* Dialogues with other SMTP and LMTP servers, for plugins that hand mail on while the client waits. Connections are kept and
 * used again. A dialogue ends with `release` or `abort`, with its plugin's generation, or with `connection`. Since 0.5. */
typedef struct haraka_smtp_client_1 {
    size_t size;
    /* [loop] Connects (or takes a connection that was kept), and does greeting, EHLO, STARTTLS and AUTH. The callback has the last
     * reply: 2xx, and commands may follow; anything else, and the dialogue is over. */
    int32_t (*open)(haraka_self self, const haraka_smtp_client_options *options, const haraka_smtp_reply_callback *callback,
                    haraka_smtp_client *out);
    /* [loop] The server's EHLO lines, a list of text. (call) */
    int32_t (*capabilities)(haraka_smtp_client client, haraka_value *out);
    /* [loop] Sends one line. The next command may be given before the reply to this one has come only if the server offers
     * PIPELINING. CR and LF in `line` are refused (HARAKA_E_ARGUMENT). */
    int32_t (*command)(haraka_smtp_client client, haraka_str line, const haraka_smtp_reply_callback *callback);
    /* [loop] MAIL FROM or RCPT TO with the parameters that this server understands: SIZE, BODY, SMTPUTF8. */
    int32_t (*mail)(haraka_smtp_client client, const haraka_address *from, haraka_transaction transaction,
                    const haraka_smtp_reply_callback *callback);
    int32_t (*rcpt)(haraka_smtp_client client, const haraka_address *to, const haraka_smtp_reply_callback *callback);
    /* [loop] After 354: the message with doubled dots and the final one. The callback runs once; in LMTP once for each recipient
     * that was accepted. */
    int32_t (*message)(haraka_smtp_client client, haraka_message message, const haraka_smtp_reply_callback *callback);
    /* [loop] The dialogue is over: RSET, and the connection is kept for the next; or QUIT, if it cannot be. */
    int32_t (*release)(haraka_smtp_client client);
    /* [loop] Closes at once. */
    int32_t (*abort)(haraka_smtp_client client);
} haraka_smtp_client_1;

/* ------------------------------------------------------------------------------------------------ the plugin ----- */

/* Exported by every plugin. `host` goes to haraka_attach; a negative status refuses to load. HARAKA_REGISTER writes it. */
HARAKA_EXPORT int32_t haraka_register(const haraka_host *host, haraka_self self);
/* Exported if the plugin has something to close. Like a hook: return 0, or HARAKA_PENDING and complete within 30 s. */
HARAKA_EXPORT int32_t haraka_shutdown(const haraka_call *call);

/* The table, for the inline functions below. Defined once per plugin by HARAKA_PLUGIN (or the Swift kit). */
extern const haraka_host *haraka_table HARAKA_HIDDEN;

/* Takes the host's table. HARAKA_E_ABI if it is older than what this header needs. */
static inline int32_t haraka_attach(const haraka_host *host)
{
    if (host == NULL || host->abi_major != HARAKA_ABI_MAJOR || host->size < sizeof(haraka_host)) return HARAKA_E_ABI;
    haraka_table = host;
    return HARAKA_SUCCESS;
}

/* 1 if this host's table has `member` (for members added after the first release that a plugin supports). */
#define haraka_host_has(member) \
    (haraka_table->size >= offsetof(haraka_host, member) + sizeof(haraka_table->member) && haraka_table->member != NULL)

#define HARAKA_STRINGIFY_(x) #x
#define HARAKA_STRINGIFY(x) HARAKA_STRINGIFY_(x)
#define HARAKA_NOTE_OWNER "Haraka"

/* Further keys of the note, for the last argument of HARAKA_PLUGIN: write several one after the other. */
#define HARAKA_HOOKS(names) "hooks=" names "\0"       /* blank separated */
#define HARAKA_PARENTS(names) "parents=" names "\0"
#define HARAKA_REPLACES(names) "replaces=" names "\0" /* older names in config/plugins that mean this plugin */
#define HARAKA_NEEDS(services) "needs=" services "\0" /* services without which it refuses to work */
#define HARAKA_WANTS(services) "wants=" services "\0"
#define HARAKA_VENDOR(text) "vendor=" text "\0"
#define HARAKA_LICENCE(text) "licence=" text "\0"
#define HARAKA_URL(text) "url=" text "\0"
#define HARAKA_HELP(text) "help=" text "\0"           /* Markdown, shown by haraka -h NAME */
#define HARAKA_NOTHING_ELSE ""

/* Who this plugin is: an ELF note that is read without running one instruction of it. Once per plugin, at file level,
 * with a semicolon. */
#define HARAKA_PLUGIN(name_, version_, summary_, more_)                                                              \
    const haraka_host *haraka_table HARAKA_HIDDEN = NULL;                                                            \
    HARAKA_NOTE("name=" name_ "\0version=" version_ "\0summary=" summary_ "\0" more_)

#define HARAKA_NOTE(text_)                                                                                           \
    HARAKA_NOTE_("format=1\0abi=" HARAKA_STRINGIFY(HARAKA_ABI_MAJOR) "." HARAKA_STRINGIFY(HARAKA_ABI_MINOR) "\0" text_)
#define HARAKA_NOTE_(text_)                                                                                          \
    extern const struct haraka_note_layout {                                                                         \
        uint32_t name_size, text_size, type;                                                                         \
        char name[8];                                                                                                \
        char text[sizeof(text_)];                                                                                    \
    } haraka_note HARAKA_HIDDEN;                                                                                     \
    const struct haraka_note_layout haraka_note __attribute__((section(".note.haraka"), used, aligned(4))) = {       \
        sizeof(HARAKA_NOTE_OWNER), sizeof(text_), 1, HARAKA_NOTE_OWNER, text_};                                      \
    extern const struct haraka_note_layout haraka_note

/* HARAKA_REGISTER(self) { ...; return HARAKA_SUCCESS; } */
#define HARAKA_REGISTER(self_)                                                                                       \
    static int32_t haraka_register_this(haraka_self self_);                                                          \
    HARAKA_EXPORT int32_t haraka_register(const haraka_host *host, haraka_self self_)                                \
    {                                                                                                                \
        const int32_t status = haraka_attach(host);                                                                  \
        return status < 0 ? status : haraka_register_this(self_);                                                    \
    }                                                                                                                \
    static int32_t haraka_register_this(haraka_self self_)

#ifdef __cplusplus
#define HARAKA_C_LINKAGE_ extern "C"
#else
#define HARAKA_C_LINKAGE_
#endif

/* HARAKA_HOOK(rcpt) { ... `call` ...; return HARAKA_CONT; }: a method that registers itself on that hook. */
#define HARAKA_HOOK(name_)                                                                                           \
    HARAKA_C_LINKAGE_ HARAKA_EXPORT int32_t hook_##name_(const haraka_call *call);                                   \
    int32_t hook_##name_(const haraka_call *call)

/* HARAKA_SHUTDOWN() { ... `call` ...; return HARAKA_SUCCESS; } */
#define HARAKA_SHUTDOWN() HARAKA_EXPORT int32_t haraka_shutdown(const haraka_call *call)

/* ------------------------------------------------------------------------------------------------ comfort -------- */

/* Text from a NUL-terminated literal; NULL is empty. */
static inline haraka_str haraka_text(const char *literal)
{
    haraka_str text = {literal, 0};
    if (literal != NULL) while (literal[text.len] != '\0') text.len++;
    return text;
}

static inline haraka_str haraka_bytes(const void *ptr, size_t len)
{
    haraka_str text = {(const char *)ptr, len};
    return text;
}

static inline int haraka_equal(haraka_str a, haraka_str b)
{
    size_t i;
    if (a.len != b.len) return 0;
    for (i = 0; i < a.len; i++) if (a.ptr[i] != b.ptr[i]) return 0;
    return 1;
}

/* ASCII letters compare without case. */
static inline int haraka_equal_caseless(haraka_str a, haraka_str b)
{
    size_t i;
    if (a.len != b.len) return 0;
    for (i = 0; i < a.len; i++) {
        unsigned char x = (unsigned char)a.ptr[i], y = (unsigned char)b.ptr[i];
        if (x >= 'A' && x <= 'Z') x = (unsigned char)(x + 32);
        if (y >= 'A' && y <= 'Z') y = (unsigned char)(y + 32);
        if (x != y) return 0;
    }
    return 1;
}

/* Values. The pointers inside belong to the caller. */
static inline haraka_value haraka_null(void) { haraka_value v = {HARAKA_TYPE_NULL, 0, {0}}; return v; }
static inline haraka_value haraka_boolean(int on)
{
    haraka_value v = {HARAKA_TYPE_BOOLEAN, 0, {0}};
    v.as.integer = on != 0;
    return v;
}
static inline haraka_value haraka_integer(int64_t integer)
{
    haraka_value v = {HARAKA_TYPE_INTEGER, 0, {0}};
    v.as.integer = integer;
    return v;
}
static inline haraka_value haraka_number(double number)
{
    haraka_value v = {HARAKA_TYPE_NUMBER, 0, {0}};
    v.as.number = number;
    return v;
}
static inline haraka_value haraka_text_value(haraka_str text)
{
    haraka_value v = {HARAKA_TYPE_TEXT, 0, {0}};
    v.as.text = text;
    return v;
}
static inline haraka_value haraka_list_value(const haraka_value *items, size_t count)
{
    haraka_value v = {HARAKA_TYPE_LIST, 0, {0}};
    v.as.list.items = items;
    v.as.list.count = count;
    return v;
}
static inline haraka_value haraka_address_value(const haraka_address *address)
{
    haraka_value v = {HARAKA_TYPE_ADDRESS, 0, {0}};
    v.as.address = address;
    return v;
}

/* Reading values without a surprise: the wrong type gives the fallback, never a crash. */
static inline haraka_str haraka_value_text(const haraka_value *v)
{
    return v != NULL && v->type == HARAKA_TYPE_TEXT ? v->as.text : haraka_text(NULL);
}
static inline int64_t haraka_value_integer(const haraka_value *v, int64_t fallback)
{
    if (v == NULL) return fallback;
    if (v->type == HARAKA_TYPE_INTEGER || v->type == HARAKA_TYPE_BOOLEAN) return v->as.integer;
    if (v->type == HARAKA_TYPE_NUMBER && v->as.number > -9.2e18 && v->as.number < 9.2e18) return (int64_t)v->as.number;
    return fallback;
}
static inline double haraka_value_number(const haraka_value *v, double fallback)
{
    if (v == NULL) return fallback;
    if (v->type == HARAKA_TYPE_NUMBER) return v->as.number;
    if (v->type == HARAKA_TYPE_INTEGER || v->type == HARAKA_TYPE_BOOLEAN) return (double)v->as.integer;
    return fallback;
}
/* What is true in Haraka's sense: a number that is not 0, a text that is not empty, any list, map or address. */
static inline int haraka_value_is_true(const haraka_value *v)
{
    if (v == NULL || v->type == HARAKA_TYPE_NULL) return 0;
    if (v->type == HARAKA_TYPE_BOOLEAN || v->type == HARAKA_TYPE_INTEGER) return v->as.integer != 0;
    if (v->type == HARAKA_TYPE_NUMBER) return v->as.number < 0 || v->as.number > 0;
    if (v->type == HARAKA_TYPE_TEXT) return v->as.text.len != 0;
    return 1;
}
static inline size_t haraka_value_count(const haraka_value *v)
{
    if (v != NULL && v->type == HARAKA_TYPE_LIST) return v->as.list.count;
    return v != NULL && v->type == HARAKA_TYPE_MAP ? v->as.map.count : 0;
}
/* NULL if it is not a list or shorter. */
static inline const haraka_value *haraka_value_at(const haraka_value *v, size_t index)
{
    return v != NULL && v->type == HARAKA_TYPE_LIST && index < v->as.list.count ? &v->as.list.items[index] : NULL;
}
/* NULL if it is not a map or has no such key. Nests: haraka_value_key(haraka_value_key(&ini, "main"), "host"). */
static inline const haraka_value *haraka_value_key(const haraka_value *v, const char *key)
{
    size_t i;
    const haraka_str name = haraka_text(key);
    if (v == NULL || v->type != HARAKA_TYPE_MAP) return NULL;
    for (i = 0; i < v->as.map.count; i++)
        if (haraka_equal(v->as.map.entries[i].key, name)) return &v->as.map.entries[i].value;
    return NULL;
}
static inline const haraka_address *haraka_value_address(const haraka_value *v)
{
    return v != NULL && v->type == HARAKA_TYPE_ADDRESS ? v->as.address : NULL;
}

/* Arguments of a call: `mail` and `rcpt` have (address, map of ESMTP parameters), `helo` and `ehlo` (host) ... */
static inline const haraka_value *haraka_argument(const haraka_call *call, size_t index)
{
    return index < call->argument_count ? &call->arguments[index] : NULL;
}
static inline haraka_str haraka_argument_text(const haraka_call *call, size_t index)
{
    return haraka_value_text(haraka_argument(call, index));
}
static inline const haraka_address *haraka_argument_address(const haraka_call *call, size_t index)
{
    return haraka_value_address(haraka_argument(call, index));
}

/* Objects from handles. */
static inline haraka_object haraka_of_connection(haraka_connection c) { haraka_object o = {c.bits}; return o; }
static inline haraka_object haraka_of_transaction(haraka_transaction t) { haraka_object o = {t.bits}; return o; }
static inline haraka_object haraka_of_hmail(haraka_hmail h) { haraka_object o = {h.bits}; return o; }
static inline haraka_object haraka_of_server(void) { haraka_object o = {0}; return o; }

/* Answers: `return haraka_answer(call, HARAKA_DENY, "no");` */
static inline haraka_reply haraka_no_reply(void)
{
    haraka_reply r = {sizeof(haraka_reply), NULL, 0, 0, 0, 0, 0, 0, {0, 0, 0}, NULL};
    return r;
}
static inline int32_t haraka_complete(haraka_next next, int32_t code, const haraka_reply *reply)
{
    return haraka_table->complete(next, code, reply);
}
static inline int32_t haraka_complete_text(haraka_next next, int32_t code, haraka_str text)
{
    haraka_reply r = haraka_no_reply();
    r.lines = &text;
    r.line_count = 1;
    return haraka_table->complete(next, code, &r);
}
static inline int32_t haraka_answer_text(const haraka_call *call, int32_t code, haraka_str text)
{
    (void)haraka_complete_text(call->next, code, text);
    return HARAKA_PENDING;
}
static inline int32_t haraka_answer(const haraka_call *call, int32_t code, const char *text)
{
    return haraka_answer_text(call, code, haraka_text(text));
}
/* A DSN: `code` is the hook code, `smtp` and the status replace what the core would send (451, 4, 7, 1). */
static inline int32_t haraka_answer_dsn(const haraka_call *call, int32_t code, uint32_t smtp, uint8_t status_class,
                                        uint16_t subject, uint16_t detail, const char *text)
{
    haraka_str line = haraka_text(text);
    haraka_reply r = haraka_no_reply();
    r.lines = &line;
    r.line_count = 1;
    r.code = smtp;
    r.status_class = status_class;
    r.status_subject = subject;
    r.status_detail = detail;
    (void)haraka_table->complete(call->next, code, &r);
    return HARAKA_PENDING;
}
static inline int32_t haraka_answer_value(const haraka_call *call, int32_t code, const haraka_value *value)
{
    haraka_reply r = haraka_no_reply();
    r.value = value;
    (void)haraka_table->complete(call->next, code, &r);
    return HARAKA_PENDING;
}

static inline int32_t haraka_register_hook(haraka_self self, const char *hook, const char *method, int32_t priority)
{
    return haraka_table->register_hook(self, haraka_text(hook), haraka_text(method), priority);
}
static inline int32_t haraka_register_function(haraka_self self, const char *hook, haraka_function function,
                                               void *context, haraka_destroy destroy, int32_t priority)
{
    return haraka_table->register_function(self, haraka_text(hook), function, context, destroy, priority);
}
static inline int32_t haraka_add_method(haraka_self self, const char *name, haraka_function function)
{
    return haraka_table->add_method(self, haraka_text(name), function, NULL, NULL);
}
static inline int32_t haraka_inherits(haraka_self self, const char *parent)
{
    return haraka_table->inherits(self, haraka_text(parent));
}
static inline int32_t haraka_find_method(haraka_self self, const char *name, haraka_method *out)
{
    out->size = sizeof(haraka_method);
    return haraka_table->find_method(self, haraka_text(name), out);
}
static inline int32_t haraka_find_parent_method(haraka_self self, const char *parent, const char *name,
                                                haraka_method *out)
{
    out->size = sizeof(haraka_method);
    return haraka_table->find_parent_method(self, haraka_text(parent), haraka_text(name), out);
}
/* Calls a method that was found, from inside the hook or method that `call` belongs to. For the super call of a hook pass
 * the hook's own arguments and return what it returns. What `result` points to afterwards belongs to the method. */
static inline int32_t haraka_invoke(const haraka_method *method, const haraka_call *call,
                                    const haraka_value *arguments, size_t count, haraka_value *result)
{
    haraka_call inner = *call;
    inner.size = sizeof(haraka_call);
    inner.self = method->self;
    inner.data = method->data;
    inner.context = method->context;
    inner.arguments = arguments;
    inner.argument_count = count;
    inner.result = result;
    return method->function(&inner);
}
static inline int32_t haraka_set_data(haraka_self self, void *data, haraka_destroy destroy)
{
    return haraka_table->set_data(self, data, destroy);
}
static inline void *haraka_get_data(haraka_self self) { return haraka_table->get_data(self); }

static inline int haraka_log_enabled(int32_t level) { return haraka_table->log_enabled(level); }
static inline void haraka_log(haraka_self self, int32_t level, haraka_object object, const char *text)
{
    haraka_table->log(self, level, object, haraka_text(text));
}

static inline int32_t haraka_config_get(haraka_self self, const char *name, int32_t type, const char *booleans,
                                        haraka_value *out)
{
    return haraka_table->config_get(self, haraka_text(name), type, haraka_text(booleans), out);
}
/* Runs `function(context)` after config/<name> has changed. */
static inline int32_t haraka_config_watch(haraka_self self, const char *name, void (*function)(void *context),
                                          void *context)
{
    haraka_callback callback = {function, context, NULL};
    return haraka_table->config_watch(self, haraka_text(name), &callback);
}

static inline int32_t haraka_connection_get(haraka_connection c, int32_t property, haraka_value *out)
{
    return haraka_table->get(haraka_of_connection(c), property, out);
}
static inline int32_t haraka_connection_set(haraka_connection c, int32_t property, const haraka_value *value)
{
    return haraka_table->set(haraka_of_connection(c), property, value);
}
static inline int32_t haraka_transaction_get(haraka_transaction t, int32_t property, haraka_value *out)
{
    return haraka_table->get(haraka_of_transaction(t), property, out);
}
static inline int32_t haraka_transaction_set(haraka_transaction t, int32_t property, const haraka_value *value)
{
    return haraka_table->set(haraka_of_transaction(t), property, value);
}
static inline haraka_str haraka_connection_text(haraka_connection c, int32_t property) /* (call) */
{
    haraka_value v = haraka_null();
    (void)haraka_connection_get(c, property, &v);
    return haraka_value_text(&v);
}
static inline int64_t haraka_connection_integer(haraka_connection c, int32_t property)
{
    haraka_value v = haraka_null();
    (void)haraka_connection_get(c, property, &v);
    return haraka_value_integer(&v, 0);
}
static inline haraka_str haraka_remote_ip(haraka_connection c) { return haraka_connection_text(c, HARAKA_CONN_REMOTE_IP); }
static inline haraka_str haraka_remote_host(haraka_connection c)
{
    return haraka_connection_text(c, HARAKA_CONN_REMOTE_HOST);
}
static inline haraka_str haraka_hello_host(haraka_connection c)
{
    return haraka_connection_text(c, HARAKA_CONN_HELLO_HOST);
}
static inline int haraka_relaying(haraka_connection c)
{
    return haraka_connection_integer(c, HARAKA_CONN_RELAYING) != 0;
}
static inline int32_t haraka_set_relaying(haraka_connection c, int on)
{
    const haraka_value v = haraka_boolean(on);
    return haraka_connection_set(c, HARAKA_CONN_RELAYING, &v);
}
static inline int32_t haraka_add_capability(haraka_connection c, const char *line)
{
    const haraka_value v = haraka_text_value(haraka_text(line));
    return haraka_table->append(haraka_of_connection(c), HARAKA_CONN_CAPABILITIES, &v);
}

static inline int32_t haraka_note_set(haraka_object object, const char *path, const haraka_value *value)
{
    return haraka_table->note_set(object, haraka_text(path), value);
}
static inline int32_t haraka_note_get(haraka_object object, const char *path, haraka_value *out)
{
    return haraka_table->note_get(object, haraka_text(path), out);
}
/* result_add with text: haraka_result(self, object, "fail", "no such user") */
static inline int32_t haraka_result(haraka_self self, haraka_object object, const char *key, const char *text)
{
    const haraka_value v = haraka_text_value(haraka_text(text));
    return haraka_table->result_add(self, object, haraka_text(key), &v, 0);
}

static inline int32_t haraka_header_add(haraka_transaction t, const char *name, haraka_str value)
{
    return haraka_table->header_add(t, haraka_text(name), value, HARAKA_HEADER_END);
}
static inline int32_t haraka_header_add_leading(haraka_transaction t, const char *name, haraka_str value)
{
    return haraka_table->header_add(t, haraka_text(name), value, HARAKA_HEADER_LEADING);
}
static inline int32_t haraka_header_get_decoded(haraka_transaction t, const char *name, haraka_value *out)
{
    return haraka_table->header_get_decoded(t, haraka_text(name), out);
}
static inline int32_t haraka_auth_results(haraka_connection c, const char *text)
{
    return haraka_table->auth_results(c, haraka_text(text), NULL);
}
static inline int32_t haraka_parse_body(haraka_transaction t)
{
    const haraka_value v = haraka_boolean(1);
    return haraka_transaction_set(t, HARAKA_TRAN_PARSE_BODY, &v);
}
static inline int32_t haraka_message_stream(haraka_message message, uint32_t flags, haraka_stream *out)
{
    const haraka_stream_options options = {sizeof(haraka_stream_options), flags, 0};
    return haraka_table->message_stream(message, &options, out);
}

static inline int32_t haraka_timer_start(haraka_self self, int64_t delay, int64_t period, void (*function)(void *),
                                         void *context, haraka_destroy destroy)
{
    haraka_callback callback = {function, context, destroy};
    return haraka_table->timer_start(self, delay, period, &callback, NULL);
}
static inline int32_t haraka_offload(haraka_self self, void (*work)(void *), void (*done)(void *), void *context,
                                     haraka_destroy destroy)
{
    haraka_callback callback = {done, context, destroy};
    return haraka_table->offload(self, work, &callback);
}
static inline const void *haraka_service(const haraka_host *host, const char *name)
{
    return host->service(haraka_text(name));
}

#ifdef __cplusplus
}
#endif

#endif
