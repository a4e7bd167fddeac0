// What each answer to each hook does, in sessions. docs/hooks.md says the same to people.
//
// hook | codes | reply | reply if the plugin says "words" (=: the same) | what follows
//
// "others" are the codes without a row. What follows: the next hook that is asked, reset (reset_transaction), close
// (disconnect), LOOP, the message; "-" is nothing. H is our name, C the client's, U the transaction.

let answerTable = """
    pre_connection | others | - | = | connect_init
    pre_connection | DENY DENYDISCONNECT | 550 Connection denied | 550 words | close
    pre_connection | DENYSOFT DENYSOFTDISCONNECT | 451 Connection temporarily denied | 451 words | close
    pre_connection | DISCONNECT | - | = | close
    connect_init | others | - | = | lookup_rdns connect
    lookup_rdns | others | - | = | connect
    lookup_rdns | DENY | 554 rDNS Lookup Failed | 554 words | LOOP
    lookup_rdns | DENYSOFT | 421 rDNS Temporary Failure | 421 words | LOOP
    lookup_rdns | DENYDISCONNECT DISCONNECT | 554 rDNS Lookup Failed | 554 words | close
    lookup_rdns | DENYSOFTDISCONNECT | 421 rDNS Temporary Failure | 421 words | close
    connect | others | 220 H ESMTP Haraka/1.0 ready (0A1B2C) | 220 words | -
    connect | DENY | 554 Your mail is not welcome here | 554 words | LOOP
    connect | DENYSOFT | 421 Come back later | 421 words | LOOP
    connect | DENYDISCONNECT DISCONNECT | 554 Your mail is not welcome here | 554 words | close
    connect | DENYSOFTDISCONNECT | 421 Come back later | 421 words | close
    connect | DONE | - | = | -
    helo_parse | others | - | = | helo
    helo_parse | DENY DENYSOFT | 501 Syntax error in command | 501 words | -
    helo_parse | DENYDISCONNECT DENYSOFTDISCONNECT | 501 Syntax error in command | 501 words | close
    helo_parse | DISCONNECT | - | = | close
    helo_parse | DONE | - | = | -
    helo | others | 250 H Hello C, Haraka is at your service. | = | -
    helo | DENY | 550 HELO denied | 550 words | -
    helo | DENYSOFT | 450 HELO denied | 450 words | -
    helo | DENYDISCONNECT | 550 HELO denied | 550 words | close
    helo | DISCONNECT | - | = | close
    helo | DENYSOFTDISCONNECT | 450 HELO denied | 450 words | close
    helo | DONE | - | = | -
    ehlo_parse | others | - | = | ehlo
    ehlo_parse | DENY DENYSOFT | 501 Syntax error in command | 501 words | -
    ehlo_parse | DENYDISCONNECT DENYSOFTDISCONNECT | 501 Syntax error in command | 501 words | close
    ehlo_parse | DISCONNECT | - | = | close
    ehlo_parse | DONE | - | = | -
    ehlo | others | - | = | capabilities
    ehlo | DENY | 550 EHLO denied | 550 words | -
    ehlo | DENYSOFT | 450 EHLO denied | 450 words | -
    ehlo | DENYDISCONNECT | 550 EHLO denied | 550 words | close
    ehlo | DISCONNECT | - | = | close
    ehlo | DENYSOFTDISCONNECT | 450 EHLO denied | 450 words | close
    ehlo | DONE | - | = | -
    capabilities | others | 250 H Hello C, Haraka is at your service. / PIPELINING / 8BITMIME / \
    SMTPUTF8 / SIZE 26214400 | = | -
    capabilities | DISCONNECT | - | = | close
    capabilities | DONE | - | = | -
    quit | others | 221 H closing connection. Have a jolly good day. | = | close
    quit | DISCONNECT DONE | - | = | close
    vrfy | others | 252 Just try sending a mail and we'll see how it turns out... | = | -
    vrfy | DENY | 550 Access Denied | 550 words | reset
    vrfy | DENYSOFT | 450 Lookup Failed | 450 words | reset
    vrfy | DENYDISCONNECT | 550 Access Denied | 550 words | reset close
    vrfy | DISCONNECT | - | = | reset close
    vrfy | OK | 250 User OK | = | -
    vrfy | DENYSOFTDISCONNECT | 450 Lookup Failed | 450 words | reset close
    vrfy | DONE | - | = | -
    noop | others | 250 OK | = | -
    noop | DENY | 500 Stop wasting my time | 500 words | -
    noop | DENYDISCONNECT | 500 Stop wasting my time | 500 words | close
    noop | DISCONNECT | - | = | close
    noop | DONE | - | = | -
    help | others | 250 Not implemented | 214 words | -
    help | DENY DENYSOFT | 500 Syntax error, command not recognized | 500 words | -
    help | DENYDISCONNECT DENYSOFTDISCONNECT | 500 Syntax error, command not recognized | 500 words | close
    help | DISCONNECT | - | = | close
    help | DONE | - | = | -
    rset | others | 250 OK | = | reset
    rset | DISCONNECT | - | = | reset close
    rset | DONE | - | = | reset
    unrecognized_command | others | 500 Unrecognized command | 500 words | -
    unrecognized_command | DENYDISCONNECT | 521 Unrecognized command | 521 words | close
    unrecognized_command | DISCONNECT | - | = | close
    unrecognized_command | OK DONE | - | = | -
    unrecognized_command | NEXT_HOOK | 500 Unrecognized command | = | -
    unrecognized_command | DENYSOFTDISCONNECT | 421 Unrecognized command | 421 words | close
    mail_parse | others | - | = | mail
    mail_parse | DENY DENYSOFT | 501 Syntax error in command | 501 words | -
    mail_parse | DENYDISCONNECT DENYSOFTDISCONNECT | 501 Syntax error in command | 501 words | close
    mail_parse | DISCONNECT | - | = | close
    mail_parse | OK | - | 501 Invalid MAIL FROM address | mail
    mail_parse | DONE | - | = | -
    mail_pre | others | - | = | mail
    mail_pre | DENY DENYSOFT | 501 could not parse your mail from command | 501 words | -
    mail_pre | DENYDISCONNECT DENYSOFTDISCONNECT | 501 could not parse your mail from command | 501 words | close
    mail_pre | DISCONNECT | - | = | close
    mail_pre | OK | - | 501 Invalid MAIL FROM address | mail
    mail_pre | DONE | - | = | -
    mail | others | 250 sender <a@example.com> OK | 250 words | -
    mail | DENY | 550 sender <a@example.com> denied | 550 words | reset
    mail | DENYSOFT | 450 sender <a@example.com> denied | 450 words | reset
    mail | DENYDISCONNECT | 550 sender <a@example.com> denied | 550 words | reset close
    mail | DISCONNECT | - | = | reset close
    mail | DENYSOFTDISCONNECT | 450 sender <a@example.com> denied | 450 words | reset close
    mail | DONE | - | = | -
    rcpt_parse | others | - | = | rcpt
    rcpt_parse | DENY DENYSOFT | 501 Syntax error in command | 501 words | -
    rcpt_parse | DENYDISCONNECT DENYSOFTDISCONNECT | 501 Syntax error in command | 501 words | reset close
    rcpt_parse | DISCONNECT | - | = | reset close
    rcpt_parse | OK | - | 501 Invalid RCPT TO address | rcpt
    rcpt_parse | DONE | - | = | -
    rcpt_pre | others | - | = | rcpt
    rcpt_pre | DENY DENYSOFT | 501 could not parse recipient | 501 words | -
    rcpt_pre | DENYDISCONNECT DENYSOFTDISCONNECT | 501 could not parse recipient | 501 words | reset close
    rcpt_pre | DISCONNECT | - | = | reset close
    rcpt_pre | OK | - | 501 Invalid RCPT TO address | rcpt
    rcpt_pre | DONE | - | = | -
    rcpt | others | 550 I cannot deliver mail for <b@example.net> | = | -
    rcpt | DENY | 550 recipient <b@example.net> denied | 550 words | -
    rcpt | DENYSOFT | 450 recipient <b@example.net> denied | 450 words | -
    rcpt | DENYDISCONNECT | 550 recipient <b@example.net> denied | 550 words | reset close
    rcpt | DISCONNECT | - | = | reset close
    rcpt | OK | - | = | rcpt_ok
    rcpt | DENYSOFTDISCONNECT | 450 recipient <b@example.net> denied | 450 words | reset close
    rcpt | DONE | - | = | -
    rcpt_ok | others | 250 recipient <b@example.net> OK | 250 words | -
    rcpt_ok | DENY | 550 recipient <b@example.net> denied | 550 words | -
    rcpt_ok | DENYSOFT | 450 recipient <b@example.net> denied | 450 words | -
    rcpt_ok | DENYDISCONNECT | 550 recipient <b@example.net> denied | 550 words | reset close
    rcpt_ok | DISCONNECT | - | = | reset close
    rcpt_ok | DENYSOFTDISCONNECT | 450 recipient <b@example.net> denied | 450 words | reset close
    rcpt_ok | DONE | - | = | -
    received_line | others | - | = | data
    received_line | DISCONNECT | - | = | reset close
    data | others | 354 go ahead, make my day | = | message
    data | DENY | 554 Message denied | 554 words | reset
    data | DENYSOFT | 451 Message denied | 451 words | reset
    data | DENYDISCONNECT | 554 Message denied | 554 words | reset close
    data | DISCONNECT | - | = | reset close
    data | DENYSOFTDISCONNECT | 451 Message denied | 451 words | reset close
    data | DONE | - | = | reset
    data_headers_end | others | - | = | data_post
    data_headers_end | DENY | 550 Message denied | 550 words | reset
    data_headers_end | DENYSOFT | 450 Message denied temporarily | 450 words | reset
    data_headers_end | DENYDISCONNECT | 554 Message denied | 554 words | reset close
    data_headers_end | DISCONNECT | - | = | reset close
    data_headers_end | DENYSOFTDISCONNECT | 421 Message denied temporarily | 421 words | reset close
    max_data_exceeded | others | 550 Message too big! | = | reset
    max_data_exceeded | DENYSOFT | 450 Message too big! | = | reset
    max_data_exceeded | DENYDISCONNECT | 550 Message too big! | = | reset close
    max_data_exceeded | DISCONNECT | - | = | reset close
    max_data_exceeded | DENYSOFTDISCONNECT | 450 Message too big! | = | reset close
    max_data_exceeded | DONE | - | = | reset
    data_post_headers | others | - | = | data_post
    data_post_headers | DENY | 550 Message denied | 550 words | reset
    data_post_headers | DENYSOFT | 450 Message denied temporarily | 450 words | reset
    data_post_headers | DENYDISCONNECT | 550 Message denied | 550 words | reset close
    data_post_headers | DISCONNECT | - | = | reset close
    data_post_headers | DENYSOFTDISCONNECT | 450 Message denied temporarily | 450 words | reset close
    data_post_headers | DONE | - | = | reset
    data_post | others | - | = | queue
    data_post | DENY | 550 Message denied | 550 words | reset
    data_post | DENYSOFT | 450 Message denied temporarily | 450 words | reset
    data_post | DENYDISCONNECT | 550 Message denied | 550 words | reset close
    data_post | DISCONNECT | - | = | reset close
    data_post | DENYSOFTDISCONNECT | 450 Message denied temporarily | 450 words | reset close
    data_post | DONE | - | = | reset
    queue_pre | others | - | = | queue
    queue_pre | DENY | 550 Message denied (U) | 550 words (U) | reset
    queue_pre | DENYSOFT | 450 Message denied temporarily (U) | 450 words (U) | reset
    queue_pre | DENYDISCONNECT | 550 Message denied (U) | 550 words (U) | reset close
    queue_pre | DISCONNECT | - | = | reset close
    queue_pre | DENYSOFTDISCONNECT | 450 Message denied temporarily (U) | 450 words (U) | reset close
    queue_pre | DONE | - | = | reset
    queue | others | 451 Queuing declined or disabled, try later (U) | 451 words (U) | reset
    queue | DENY | 550 Message denied (U) | 550 words (U) | reset
    queue | DENYSOFT | 450 Message denied temporarily (U) | 450 words (U) | reset
    queue | DENYDISCONNECT | 550 Message denied (U) | 550 words (U) | reset close
    queue | DISCONNECT | - | = | reset close
    queue | OK | - | = | queue_ok
    queue | DENYSOFTDISCONNECT | 450 Message denied temporarily (U) | 450 words (U) | reset close
    queue | DONE | - | = | reset
    queue_outbound | others | - | = | queue_ok
    queue_outbound | STOP NEXT_HOOK DELAY | 451 Queuing declined or disabled, try later (U) | 451 words (U) | reset
    queue_outbound | DENY | 550 Message denied (U) | 550 words (U) | reset
    queue_outbound | DENYSOFT | 450 Message denied temporarily (U) | 450 words (U) | reset
    queue_outbound | DENYDISCONNECT | 550 Message denied (U) | 550 words (U) | reset close
    queue_outbound | DISCONNECT | - | = | reset close
    queue_outbound | DENYSOFTDISCONNECT | 450 Message denied temporarily (U) | 450 words (U) | reset close
    queue_outbound | DONE | - | = | reset
    queue_ok | others | 250 Message Queued (U) | = | reset
    queue_post | others | 250 Message Queued (U) | = | -
    reset_transaction | others | 250 OK | = | -
    disconnect | others | 221 H closing connection. Have a jolly good day. | = | close
    post_connection | others | 221 H closing connection. Have a jolly good day. | = | close
    """
