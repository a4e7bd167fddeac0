// The named constructors of Haraka's DSN module: protocol, content, security and authentication.
//
// Each takes the text for the client (nil: the standard one) and a code instead of its own.

// X.5: protocol.
extension DSN {
    /// `proto_unspecified`: 450, 4.5.0.
    public static func protoUnspecified(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 5, 0))
    }

    /// `proto_invalid_command`: 550, 5.5.1.
    public static func protoInvalidCommand(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 5, 1))
    }

    /// `proto_syntax_error`: 550, 5.5.2.
    public static func protoSyntaxError(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 5, 2))
    }

    /// `proto_too_many_rcpts`: 450, 4.5.3.
    public static func protoTooManyRcpts(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 5, 3))
    }

    /// `proto_invalid_cmd_args`: 550, 5.5.4.
    public static func protoInvalidCmdArgs(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 5, 4))
    }

    /// `proto_wrong_version`: 450, 4.5.5.
    public static func protoWrongVersion(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 5, 5))
    }

    /// `auth_exch_too_long`: 500, 5.5.6.
    public static func authExchTooLong(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(500, 5, 6))
    }
}

// X.6: content.
extension DSN {
    /// `media_unspecified`: 450, 4.6.0.
    public static func mediaUnspecified(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 6, 0))
    }

    /// `media_unsupported`: 550, 5.6.1.
    public static func mediaUnsupported(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 6, 1))
    }

    /// `media_conv_prohibited`: 550, 5.6.2.
    public static func mediaConvProhibited(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 6, 2))
    }

    /// `media_conv_unsupported`: 450, 4.6.3.
    public static func mediaConvUnsupported(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 6, 3))
    }

    /// `media_conv_lossy`: 450, 4.6.4.
    public static func mediaConvLossy(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 6, 4))
    }

    /// `media_conv_failed`: 450, 4.6.5.
    public static func mediaConvFailed(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 6, 5))
    }
}

// X.7: security and policy.
extension DSN {
    /// `sec_unspecified`: 450, 4.7.0.
    public static func secUnspecified(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 7, 0))
    }

    /// `sec_unauthorized`: 550, 5.7.1.
    public static func secUnauthorized(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 1))
    }

    /// `bad_sender_ip`: 550, 5.7.1.
    public static func badSenderIP(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 1, "Bad sender IP"))
    }

    /// `relaying_denied`: 550, 5.7.1.
    public static func relayingDenied(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 1, "Relaying denied"))
    }

    /// `sec_list_expn_prohibited`: 550, 5.7.2.
    public static func secListExpnProhibited(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 2))
    }

    /// `sec_conv_failed`: 550, 5.7.3.
    public static func secConvFailed(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 3))
    }

    /// `sec_feature_unsupported`: 550, 5.7.4.
    public static func secFeatureUnsupported(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 4))
    }

    /// `sec_crypto_failure`: 550, 5.7.5.
    public static func secCryptoFailure(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 5))
    }

    /// `sec_crypto_algo_unsupported`: 450, 4.7.6.
    public static func secCryptoAlgoUnsupported(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(450, 7, 6))
    }

    /// `sec_msg_integrity_failure`: 550, 5.7.7.
    public static func secMsgIntegrityFailure(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 7))
    }

    /// `sec_dkim_no_pass`: 550, 5.7.20.
    public static func secDKIMNoPass(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 20))
    }

    /// `sec_dkim_not_acceptable`: 550, 5.7.21.
    public static func secDKIMNotAcceptable(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 21))
    }

    /// `sec_dkim_no_author_match`: 550, 5.7.22.
    public static func secDKIMNoAuthorMatch(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 22))
    }

    /// `sec_spf_fail`: 550, 5.7.23.
    public static func secSPFFail(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 23))
    }

    /// `sec_spf_error`: 451, 4.7.24.
    public static func secSPFError(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(451, 7, 24))
    }

    /// `sec_rdns_fail`: 550, 5.7.25.
    public static func secRDNSFail(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 25))
    }

    /// `sec_multi_auth_fail`: 550, 5.7.26.
    public static func secMultiAuthFail(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 26))
    }

    /// `sec_null_mx_sender`: 550, 5.7.27.
    public static func secNullMXSender(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(550, 7, 27))
    }
}

// X.7: authentication (RFC 4954).
extension DSN {
    /// `auth_invalid`: 535, 5.7.8.
    public static func authInvalid(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(535, 7, 8))
    }

    /// `auth_too_weak`: 534, 5.7.9.
    public static func authTooWeak(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(534, 7, 9))
    }

    /// `auth_crypt_required`: 538, 5.7.11.
    public static func authCryptRequired(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(538, 7, 11))
    }

    /// `auth_pass_transition_needed`: 432, 4.7.12.
    public static func authPassTransitionNeeded(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(432, 7, 12))
    }

    /// `auth_succeeded`: 235, 2.7.0.
    public static func authSucceeded(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(235, 7, 0, "Authentication Succeeded"))
    }

    /// `auth_temp_fail`: 454, 4.7.0.
    public static func authTempFail(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(454, 7, 0, "Temporary authentication failure"))
    }

    /// `auth_required`: 530, 5.7.0.
    public static func authRequired(_ message: String? = nil, code: Int? = nil) -> DSN {
        DSN(message, code, Kind(530, 7, 0, "Authentication required"))
    }
}
