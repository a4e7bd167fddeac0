// The numbered properties of plugin.h, read and written on the records of HarakaCore.

import HarakaCore
import HarakaPluginABI
import SMTPSyntax

extension ConnectionState {
    /// Nil: no such property.
    func property(_ id: Int32) -> Value? {
        let connection = connection
        switch id {
        case HARAKA_CONN_UUID: return .text(connection.uuid)
        case HARAKA_CONN_LOCAL_IP: return .text(connection.local.ip)
        case HARAKA_CONN_LOCAL_PORT: return .integer(Int64(connection.local.port))
        case HARAKA_CONN_LOCAL_HOST: return .text(connection.local.host)
        case HARAKA_CONN_LOCAL_INFO: return .text(connection.local.info)
        case HARAKA_CONN_HELLO_HOST: return .text(connection.helloHost)
        case HARAKA_CONN_HELLO_VERB: return .text(connection.helloVerb.rawValue)
        case HARAKA_CONN_RELAYING: return .boolean(connection.isRelaying)
        case HARAKA_CONN_ESMTP: return .boolean(connection.isESMTP)
        case HARAKA_CONN_PIPELINING: return .boolean(connection.isPipelining)
        case HARAKA_CONN_EARLY_TALKER: return .boolean(connection.isEarlyTalker)
        case HARAKA_CONN_STATE: return .integer(Int64(connection.state.rawValue))
        case HARAKA_CONN_HOOK: return .text(currentHook)
        case HARAKA_CONN_CURRENT_LINE: return .text(connection.currentLine)
        case HARAKA_CONN_CAPABILITIES: return .list(connection.capabilities.map(Value.text))
        case HARAKA_CONN_LAST_RESPONSE: return .text(connection.lastResponse)
        case HARAKA_CONN_LAST_REJECT: return .text(connection.lastReject)
        case HARAKA_CONN_START_TIME: return .integer(connection.startTime)
        default: return remoteProperty(id) ?? count(id) ?? securityProperty(id)
        }
    }

    private func remoteProperty(_ id: Int32) -> Value? {
        switch id {
        case HARAKA_CONN_REMOTE_IP: .text(connection.remote.ip)
        case HARAKA_CONN_REMOTE_PORT: .integer(Int64(connection.remote.port))
        case HARAKA_CONN_REMOTE_HOST: .text(connection.remote.host)
        case HARAKA_CONN_REMOTE_INFO: .text(connection.remote.info)
        case HARAKA_CONN_REMOTE_IS_PRIVATE: .boolean(connection.remoteIsPrivate)
        case HARAKA_CONN_REMOTE_IS_LOCAL: .boolean(connection.remoteIsLocal)
        case HARAKA_CONN_REMOTE_CLOSED: .boolean(connection.remoteIsClosed)
        case HARAKA_CONN_REMOTE_LOGIN: .text(connection.remoteLogin)
        default: nil
        }
    }

    private func count(_ id: Int32) -> Value? {
        let number: Int
        switch id {
        case HARAKA_CONN_ERRORS: number = connection.errors
        case HARAKA_CONN_RCPT_ACCEPT: number = connection.rcptCount.accept
        case HARAKA_CONN_RCPT_TEMPFAIL: number = connection.rcptCount.tempfail
        case HARAKA_CONN_RCPT_REJECT: number = connection.rcptCount.reject
        case HARAKA_CONN_MSG_ACCEPT: number = connection.msgCount.accept
        case HARAKA_CONN_MSG_TEMPFAIL: number = connection.msgCount.tempfail
        case HARAKA_CONN_MSG_REJECT: number = connection.msgCount.reject
        case HARAKA_CONN_TOTAL_BYTES: number = connection.totalBytes
        case HARAKA_CONN_TRAN_COUNT: number = connection.transactionCount
        default: return nil
        }
        return .integer(Int64(number))
    }

    func set(_ id: Int32, _ value: Value) -> Int32 {
        switch (id, value) {
        case (HARAKA_CONN_REMOTE_IP, .text(let text)):
            guard text.isEmpty || IPAddress(text) != nil else { return HARAKA_E_ARGUMENT }
            connection.remote.ip = text
        case (HARAKA_CONN_REMOTE_PORT, .integer(let port)):
            guard (0...65535).contains(port) else { return HARAKA_E_ARGUMENT }
            connection.remote.port = Int(port)
        case (HARAKA_CONN_REMOTE_HOST, .text(let text)): connection.remote.host = text
        case (HARAKA_CONN_REMOTE_INFO, .text(let text)): connection.remote.info = text
        case (HARAKA_CONN_REMOTE_LOGIN, .text(let text)): connection.remoteLogin = text
        case (HARAKA_CONN_LOCAL_IP, _), (HARAKA_CONN_LOCAL_PORT, _), (HARAKA_CONN_LOCAL_HOST, _):
            return setLocal(id, value)
        case (HARAKA_CONN_TLS_ADVERTISED, .boolean(let flag)): connection.hasOfferedTLS = flag
        case (HARAKA_CONN_AUTH_USER, .text(let user)): setAuthentication(user: user)
        case (HARAKA_CONN_AUTH_METHOD, .text(let method)): setAuthentication(method: method)
        case (HARAKA_CONN_HELLO_HOST, .text(let text)): connection.helloHost = text
        case (HARAKA_CONN_RELAYING, .boolean(let flag)): connection.isRelaying = flag
        case (HARAKA_CONN_EARLY_TALKER, .boolean(let flag)): connection.isEarlyTalker = flag
        case (HARAKA_CONN_ERRORS, .integer(let count)): connection.errors = Int(max(0, count))
        case (HARAKA_CONN_CAPABILITIES, .list(let lines)):
            connection.capabilities = lines.prefix(1000).map(\.description)
        default: return HARAKA_E_TYPE
        }
        return HARAKA_SUCCESS
    }
}

extension TransactionState {
    func property(_ id: Int32, _ host: PluginHost) -> Value? {
        switch id {
        case HARAKA_TRAN_UUID: .text(transaction.uuid)
        case HARAKA_TRAN_MAIL_FROM: .address(transaction.reversePath)
        case HARAKA_TRAN_RCPT_TO: .list(transaction.recipients.map(Value.address))
        case HARAKA_TRAN_DATA_BYTES: .integer(Int64(transaction.dataBytes))
        case HARAKA_TRAN_RCPT_ACCEPT: .integer(Int64(transaction.rcptCount.accept))
        case HARAKA_TRAN_RCPT_TEMPFAIL: .integer(Int64(transaction.rcptCount.tempfail))
        case HARAKA_TRAN_RCPT_REJECT: .integer(Int64(transaction.rcptCount.reject))
        case HARAKA_TRAN_MSG_STATUS: .text(transaction.status.rawValue)
        case HARAKA_TRAN_DISCARD_DATA: .boolean(transaction.discardsData)
        case HARAKA_TRAN_RELAYING: .boolean(transaction.isRelaying ?? false)
        case HARAKA_TRAN_DATA_POST_START: .integer(transaction.dataPostStart)
        case HARAKA_TRAN_DATA_POST_DELAY: .number(transaction.dataPostDelay)
        case HARAKA_TRAN_ENCODING: .text(transaction.encoding)
        case HARAKA_TRAN_PARSE_BODY: .boolean(transaction.body.parses)
        case HARAKA_TRAN_MIME_PART_COUNT: .integer(Int64(transaction.content?.mimePartCount ?? 0))
        default: nil
        }
    }

    func set(_ id: Int32, _ value: Value) -> Int32 {
        switch (id, value) {
        case (HARAKA_TRAN_MAIL_FROM, .address(let address)): transaction.reversePath = address
        case (HARAKA_TRAN_RCPT_TO, .list(let items)):
            let addresses = items.compactMap { item -> Address? in
                if case .address(let address) = item { return address }
                return nil
            }
            guard addresses.count == items.count else { return HARAKA_E_TYPE }
            transaction.recipients = addresses
        case (HARAKA_TRAN_DISCARD_DATA, .boolean(let flag)): transaction.discardsData = flag
        case (HARAKA_TRAN_RELAYING, .boolean(let flag)): transaction.isRelaying = flag
        case (HARAKA_TRAN_PARSE_BODY, .boolean(let flag)):
            guard transaction.content?.hasBegunBody != true else { return HARAKA_E_STATE }
            transaction.body.parses = flag
        default: return HARAKA_E_TYPE
        }
        return HARAKA_SUCCESS
    }
}
