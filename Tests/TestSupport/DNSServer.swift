import Foundation
import Glibc
import Synchronization

/// A DNS server for tests, on a thread of its own, on one port of a loopback address for UDP and TCP. It knows no zone:
/// the first label of a name says what is answered.
///
///     ok         192.0.2.1, 192.0.2.2; 2001:db8::1; 60 seconds
///     here       127.0.0.1 and nothing else; 60 seconds
///     moves      127.0.0.1, and 127.0.0.2 once `release` was called; 1 second
///     v4, v6     as `ok`, but the other family has no address
///     alias      as `ok`, through an alias that lives 30 seconds
///     many       200 addresses over TCP, one datagram says that it is truncated
///     burst      as `many`, the answer over TCP in one piece
///     stale      as `ok` with a time to live of 2^31 seconds, which is none (RFC 2181 section 8)
///     other      an address of the family that was not asked for
///     nx         no such name
///     empty      no address
///     fail       server failure
///     silent     nothing
///     late       nothing over and over, until `release` is called, and then as `ok`
///     later      the same, but then as `here`
///     spoof      an answer under a wrong number, one to a wrong question, and then as `ok`
///     cut        an answer that ends inside a record
///     garbage    the number of the query and then bytes without sense
public final class DNSServer: Sendable {
    /// The port, on `address`.
    public let port: UInt16
    /// In host byte order.
    public let address: UInt32
    private let state = Mutex(State())
    private let isStopped = Atomic(false)

    private struct State {
        var queries: [String: Int] = [:]
        var held: [(bytes: [UInt8], client: sockaddr_in)] = []
        var isReleased = false
    }

    /// A server on `address` and a port that is free there.
    public init(address: UInt32 = 0x7f00_0035) throws {
        self.address = address
        let udp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let tcp = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = address.bigEndian
        guard Self.bind(udp, &name), Self.localName(udp, &name), Self.bind(tcp, &name), listen(tcp, 16) == 0 else {
            close(udp)
            close(tcp)
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        self.port = UInt16(bigEndian: name.sin_port)
        Thread.detachNewThread { [self] in self.serve(udp: udp, tcp: tcp) }
    }

    /// Ends the thread.
    public func stop() { self.isStopped.store(true, ordering: .relaxed) }

    /// Queries that came for the name in lower case, followed by `/A` or `/AAAA`, over UDP.
    public func queries(_ question: String) -> Int { self.state.withLock { $0.queries[question] ?? 0 } }

    /// Answers what was asked for as `late` or `later`, and lets `moves` move.
    public func release() { self.state.withLock { $0.isReleased = true } }
}

extension DNSServer {
    private func serve(udp: Int32, tcp: Int32) {
        defer {
            close(udp)
            close(tcp)
        }
        while !self.isStopped.load(ordering: .relaxed) {
            var polled = [
                pollfd(fd: udp, events: Int16(POLLIN), revents: 0), pollfd(fd: tcp, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&polled, 2, 10) >= 0 else { return }
            if polled[0].revents != 0 { self.answerDatagram(udp) }
            if polled[1].revents != 0 { self.answerStream(tcp) }
            let held = self.state.withLock { state in
                guard state.isReleased else { return state.held.prefix(0) }
                defer { state.held.removeAll() }
                return state.held[...]
            }
            for (bytes, client) in held { Self.send(bytes, udp, client) }
        }
    }

    private func answerDatagram(_ udp: Int32) {
        var client = sockaddr_in()
        var bytes = [UInt8](repeating: 0, count: 1_500)
        let count = withUnsafeMutablePointer(to: &client) { client in
            client.withMemoryRebound(to: sockaddr.self, capacity: 1) { client in
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                return recvfrom(udp, &bytes, bytes.count, 0, client, &length)
            }
        }
        guard count > 0, let query = Query(bytes[..<count]) else { return }
        self.state.withLock { $0.queries["\(query.name)/\(query.isV6 ? "AAAA" : "A")", default: 0] += 1 }
        switch query.verb {
        case "silent":
            break
        case "late":
            self.state.withLock { $0.held.append((query.addresses(), client)) }
        case "later":
            self.state.withLock { $0.held.append((query.answer(), client)) }
        case "moves":
            let last: UInt8 = self.state.withLock { $0.isReleased } ? 2 : 1
            let record: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, last]
            let count: UInt16 = query.isV6 ? 0 : 1
            Self.send(query.reply(flags: 0x8180, records: query.isV6 ? [] : record, count: count), udp, client)
        case "many", "burst":
            Self.send(query.reply(flags: 0x8380, records: [], count: 0), udp, client)
        case "spoof":
            var wrong = query
            wrong.number[0] ^= 0x55
            Self.send(wrong.addresses(), udp, client)
            wrong = query
            wrong.question[1] ^= 1
            Self.send(wrong.addresses(), udp, client)
            Self.send(query.addresses(), udp, client)
        case "garbage":
            Self.send(query.number + (0..<40).map { UInt8($0) &* 77 | 0x80 }, udp, client)
        case "cut":
            Self.send(query.addresses().dropLast(3), udp, client)
        default:
            Self.send(query.answer(), udp, client)
        }
    }

    /// Answers one query over TCP, in pieces with a pause between them.
    private func answerStream(_ tcp: Int32) {
        let client = accept(tcp, nil, nil)
        guard client >= 0 else { return }
        defer { close(client) }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1_500)
        while bytes.count < 2 || bytes.count < 2 + Int(bytes[0]) << 8 + Int(bytes[1]) {
            let count = recv(client, &chunk, chunk.count, 0)
            guard count > 0 else { return }
            bytes += chunk[..<count]
        }
        guard let query = Query(bytes[2...]) else { return }
        let records = (0..<200).flatMap { query.record(last: UInt8($0), seconds: 60) }
        let reply = query.reply(flags: 0x8180, records: records, count: 200)
        let message = [UInt8(reply.count >> 8), UInt8(reply.count & 255)] + reply
        let pieces = [message[..<1], message[1..<3], message[3..<700], message[700...]]
        for piece in query.verb == "burst" ? [message[...]] : pieces {
            _ = piece.withUnsafeBytes { Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            usleep(5_000)
        }
        // The stream stays open until the client has enough: its end would be an event of its own.
        while recv(client, &chunk, chunk.count, 0) > 0 {}
    }

    private static func send(_ bytes: some Sequence<UInt8>, _ udp: Int32, _ client: sockaddr_in) {
        var client = client
        let bytes = Array(bytes)
        _ = withUnsafePointer(to: &client) { client in
            client.withMemoryRebound(to: sockaddr.self, capacity: 1) { client in
                sendto(udp, bytes, bytes.count, 0, client, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func bind(_ descriptor: Int32, _ name: inout sockaddr_in) -> Bool {
        withUnsafePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                Glibc.bind(descriptor, name, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func localName(_ descriptor: Int32, _ name: inout sockaddr_in) -> Bool {
        withUnsafeMutablePointer(to: &name) { name in
            name.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                return getsockname(descriptor, name, &length) == 0
            }
        }
    }
}

/// One query, and the answers that can be made of it.
private struct Query {
    var number: [UInt8]
    /// Name, type and class, as they came.
    var question: [UInt8]
    var labels: [String] = []
    var isV6: Bool

    init?(_ message: ArraySlice<UInt8>) {
        let message = Array(message)
        guard message.count > 12 else { return nil }
        self.number = Array(message[..<2])
        var position = 12
        while position < message.count, message[position] != 0 {
            let end = position + 1 + Int(message[position])
            guard end < message.count else { return nil }
            self.labels.append(String(decoding: message[position + 1..<end], as: UTF8.self).lowercased())
            position = end
        }
        guard position + 5 <= message.count else { return nil }
        self.question = Array(message[12..<position + 5])
        self.isV6 = message[position + 2] == 28
    }

    var name: String { self.labels.joined(separator: ".") }
    var verb: String { self.labels.first ?? "" }

    func answer() -> [UInt8] {
        switch self.verb {
        case "nx": self.reply(flags: 0x8183, records: [], count: 0)
        case "empty": self.reply(flags: 0x8180, records: [], count: 0)
        case "here" where self.isV6, "later" where self.isV6: self.reply(flags: 0x8180, records: [], count: 0)
        case "here", "later":
            self.reply(flags: 0x8180, records: [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1], count: 1)
        case "v4" where self.isV6: self.reply(flags: 0x8180, records: [], count: 0)
        case "v6" where !self.isV6: self.reply(flags: 0x8180, records: [], count: 0)
        case "fail": self.reply(flags: 0x8182, records: [], count: 0)
        case "stale": self.reply(flags: 0x8180, records: self.record(last: 1, seconds: 1 << 31), count: 1)
        case "other": self.reply(flags: 0x8180, records: self.record(last: 1, seconds: 60, isV6: !self.isV6), count: 1)
        case "alias": self.reply(flags: 0x8180, records: self.alias, count: 2)
        default: self.addresses()
        }
    }

    func addresses() -> [UInt8] {
        let last: [UInt8] = self.isV6 ? [1] : [1, 2]
        let records = last.flatMap { self.record(last: $0, seconds: 60) }
        return self.reply(flags: 0x8180, records: records, count: UInt16(last.count))
    }

    /// The name is an alias of `real` below itself, which has the address.
    private var alias: [UInt8] {
        let target = [4] + Array("real".utf8) + [0xc0, 12]
        let cname = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 30, 0, UInt8(target.count)] + target
        let place = 12 + self.question.count + cname.count - target.count
        return cname + [0xc0 | UInt8(place >> 8), UInt8(place & 255)] + self.record(last: 1, seconds: 60).dropFirst(2)
    }

    func record(last: UInt8, seconds: UInt32, isV6: Bool? = nil) -> [UInt8] {
        let life = (0..<4).map { UInt8(truncatingIfNeeded: seconds >> UInt32(24 - 8 * $0)) }
        if isV6 ?? self.isV6 {
            return [0xc0, 12, 0, 28, 0, 1] + life + [0, 16, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]
        }
        return [0xc0, 12, 0, 1, 0, 1] + life + [0, 4, 192, 0, 2, last]
    }

    func reply(flags: UInt16, records: [UInt8], count: UInt16) -> [UInt8] {
        let counts: [UInt8] = [0, 1, UInt8(count >> 8), UInt8(count & 255), 0, 0, 0, 0]
        return self.number + [UInt8(flags >> 8), UInt8(flags & 255)] + counts + self.question + records
    }
}
