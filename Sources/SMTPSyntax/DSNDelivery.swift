// The named constructors of Haraka's DSN module: addressing, mailbox, system and network.
//
// Each takes the text for the client (nil: the standard one) and a code instead of its own.

// X.0: nothing else fits.
extension DSN {
    /// `unspecified`: 450, 4.0.0.
    public static func unspecified(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 0, 0))
    }
}

// X.1: addressing.
extension DSN {
    /// `addr_unspecified`: 450, 4.1.0.
    public static func addrUnspecified(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 1, 0))
    }

    /// `addr_bad_dest_mbox`: 550, 5.1.1.
    public static func addrBadDestMbox(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 1, 1))
    }

    /// `no_such_user`: 550, 5.1.1.
    public static func noSuchUser(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 1, 1, "No such user"))
    }

    /// `addr_bad_dest_system`: 550, 5.1.2.
    public static func addrBadDestSystem(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 1, 2))
    }

    /// `addr_bad_dest_syntax`: 550, 5.1.3.
    public static func addrBadDestSyntax(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 1, 3))
    }

    /// `addr_dest_ambigous`: 450, 4.1.4.
    public static func addrDestAmbigous(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 1, 4))
    }

    /// `addr_rcpt_ok`: 250, 2.1.5.
    public static func addrRcptOK(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(250, 1, 5))
    }

    /// `addr_mbox_moved`: 550, 5.1.6.
    public static func addrMboxMoved(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 1, 6))
    }

    /// `addr_bad_from_syntax`: 550, 5.1.7.
    public static func addrBadFromSyntax(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 1, 7))
    }

    /// `addr_bad_from_system`: 550, 5.1.8.
    public static func addrBadFromSystem(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 1, 8))
    }

    /// `addr_null_mx`: 556, 5.1.10.
    public static func addrNullMX(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(556, 1, 10))
    }
}

// X.2: mailbox.
extension DSN {
    /// `mbox_unspecified`: 450, 4.2.0.
    public static func mboxUnspecified(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 2, 0))
    }

    /// `mbox_disabled`: 550, 5.2.1.
    public static func mboxDisabled(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 2, 1))
    }

    /// `mbox_full`: 450, 4.2.2.
    public static func mboxFull(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 2, 2))
    }

    /// `mbox_msg_too_long`: 550, 5.2.3.
    public static func mboxMsgTooLong(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 2, 3))
    }

    /// `mbox_list_expansion_problem`: 450, 4.2.4.
    public static func mboxListExpansionProblem(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 2, 4))
    }
}

// X.3: mail system.
extension DSN {
    /// `sys_unspecified`: 450, 4.3.0.
    public static func sysUnspecified(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 3, 0))
    }

    /// `sys_disk_full`: 450, 4.3.1.
    public static func sysDiskFull(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 3, 1))
    }

    /// `sys_not_accepting_mail`: 450, 4.3.2.
    public static func sysNotAcceptingMail(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 3, 2))
    }

    /// `sys_not_supported`: 450, 4.3.3.
    public static func sysNotSupported(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 3, 3))
    }

    /// `sys_msg_too_big`: 550, 5.3.4.
    public static func sysMsgTooBig(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 3, 4))
    }

    /// `sys_incorrectly_configured`: 450, 4.3.5.
    public static func sysIncorrectlyConfigured(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 3, 5))
    }
}

// X.4: network and routing.
extension DSN {
    /// `net_unspecified`: 450, 4.4.0.
    public static func netUnspecified(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 4, 0))
    }

    /// `net_no_answer`: 450, 4.4.1.
    public static func netNoAnswer(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 4, 1))
    }

    /// `net_bad_connection`: 450, 4.4.2.
    public static func netBadConnection(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 4, 2))
    }

    /// `net_directory_server_failed`: 450, 4.4.3.
    public static func netDirectoryServerFailed(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 4, 3))
    }

    /// `temp_resolver_failed`: 450, 4.4.3.
    public static func tempResolverFailed(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 4, 3, "Temporary address resolution failure"))
    }

    /// `net_unable_to_route`: 550, 5.4.4.
    public static func netUnableToRoute(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 4, 4))
    }

    /// `net_system_congested`: 450, 4.4.5.
    public static func netSystemCongested(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 4, 5))
    }

    /// `net_routing_loop`: 550, 5.4.6.
    public static func netRoutingLoop(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 4, 6))
    }

    /// `too_many_hops`: 550, 5.4.6.
    public static func tooManyHops(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 4, 6, "Too many hops"))
    }

    /// `net_delivery_time_expired`: 550, 5.4.7.
    public static func netDeliveryTimeExpired(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 4, 7))
    }
}
