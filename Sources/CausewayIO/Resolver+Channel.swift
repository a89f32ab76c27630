internal import CAres
import CausewayBytes
import Glibc

/// The fence to c-ares: what is handed to C, and what C calls.
extension Resolver {
    /// What is asked, and under which a query is shared.
    struct Question: Hashable {
        var name: DomainName
        var family: AddressFamily
    }

    /// A client that waits, and the number by which it knows its request.
    struct Waiter {
        var query: UInt32
        var client: any ResolutionClient
    }

    /// A query in flight. c-ares holds one reference from `ask` until it calls back, which it does exactly once.
    final class Lookup {
        let question: Question
        /// Those who have been neither answered nor cancelled, by the serial number of their tickets.
        var waiters: [UInt64: Waiter] = [:]
        var result: Resolution?
        private let desk: Desk

        init(_ question: Question, desk: Desk) {
            self.question = question
            self.desk = desk
        }

        func finish(_ result: Resolution) {
            self.result = result
            self.desk.lookups[self.question] = nil
            self.desk.finished.append(self)
        }
    }

    /// What c-ares reaches when it calls back: apart from the resolver, so that it may call while that is going away.
    final class Desk {
        weak var poller: (any ResolverPoller)?
        var lookups: [Question: Lookup] = [:]
        /// Answered lookups whose clients have not been told.
        var finished: [Lookup] = []
        /// The sockets that are open. There are few: one or two per server.
        var watched: [Int32] = []

        init(poller: any ResolverPoller) {
            self.poller = poller
        }

        func socketChanged(_ descriptor: Int32, readable: Bool, writable: Bool) {
            if readable || writable {
                if !self.watched.contains(descriptor) { self.watched.append(descriptor) }
                self.poller?.watch(descriptor, readable: readable, writable: writable)
            } else {
                self.watched.removeAll { $0 == descriptor }
                self.poller?.unwatch(descriptor)
            }
        }
    }

    /// What c-ares wants to be called once per process; a constant is set up once, whatever the threads.
    private static let libraryStatus = ares_library_init(ARES_LIB_INIT_ALL)

    /// Sockets ask for answers of this size over UDP: what passes nearly every path unfragmented.
    private static let maximumDatagram: Int32 = 1_232

    static func makeChannel(_ settings: ResolverSettings, desk: Desk) throws(SetUpError) -> ares_channel {
        guard self.libraryStatus == ARES_SUCCESS else { throw .refused(code: self.libraryStatus) }
        var options = ares_options()
        // No search list, no aliases from the environment.
        options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS
        options.ednspsz = self.maximumDatagram
        options.timeout = Int32(clamping: max(1, settings.timeout.nanoseconds / 1_000_000))
        options.tries = Int32(clamping: max(1, settings.tries))
        options.ndomains = 0
        // Safe: the resolver owns both desk and channel, and destroys the channel before it lets the desk go.
        options.sock_state_cb_data = Unmanaged.passUnretained(desk).toOpaque()
        options.sock_state_cb = { desk, descriptor, readable, writable in
            guard let desk else { return }
            Unmanaged<Desk>.fromOpaque(desk).takeUnretainedValue()
                .socketChanged(descriptor, readable: readable != 0, writable: writable != 0)
        }
        let mask =
            ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS
            | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS

        var channel: ares_channel?
        var lookups = Array((settings.readsHostsFile ? "fb" : "b").utf8CString)
        let status = lookups.withUnsafeMutableBufferPointer { lookups in
            // Copied by c-ares.
            options.lookups = lookups.baseAddress
            return ares_init_options(&channel, &options, mask)
        }
        guard status == ARES_SUCCESS, let channel else { throw .refused(code: status) }
        if !settings.servers.isEmpty {
            let status = ares_set_servers_ports_csv(channel, settings.servers.map(\.description).joined(separator: ","))
            guard status == ARES_SUCCESS else {
                ares_destroy(channel)
                throw .refused(code: status)
            }
        }
        return channel
    }

    /// Hands the lookup to c-ares, which may call back before this returns.
    func ask(_ channel: ares_channel, _ lookup: Lookup) {
        var hints = ares_addrinfo_hints()
        hints.ai_flags = ARES_AI_NOSORT
        hints.ai_family =
            switch lookup.question.family {
            case .v4: AF_INET
            case .v6: AF_INET6
            }
        // Safe: the reference that is made here is taken back in the callback, which c-ares makes exactly once for
        // every query, also when it is destroyed (with ARES_EDESTRUCTION).
        let context = Unmanaged.passRetained(lookup).toOpaque()
        let callback: ares_addrinfo_callback = { context, status, _, answer in
            defer { ares_freeaddrinfo(answer) }
            guard let context else { return }
            let lookup = Unmanaged<Lookup>.fromOpaque(context).takeRetainedValue()
            lookup.finish(Resolver.resolution(status, answer, family: lookup.question.family))
        }
        lookup.question.name.description.withCString { name in
            ares_getaddrinfo(channel, name, nil, &hints, callback, context)
        }
    }

    private static func resolution(
        _ status: Int32,
        _ answer: UnsafeMutablePointer<ares_addrinfo>?,
        family: AddressFamily
    ) -> Resolution {
        guard status == ARES_SUCCESS, let answer else { return .failed(self.failure(status)) }
        var addresses: [IPAddress] = []
        var seconds = Int32.max
        var node = answer.pointee.nodes
        while let entry = node?.pointee, addresses.count < self.maximumAddresses {
            if let address = self.address(entry), address.family == family {
                addresses.append(address)
                seconds = min(seconds, entry.ai_ttl)
            }
            node = entry.ai_next
        }
        guard !addresses.isEmpty else { return .failed(.noAddress) }
        var alias = answer.pointee.cnames
        while let entry = alias?.pointee {
            seconds = min(seconds, entry.ttl)
            alias = entry.next
        }
        return .addresses(addresses, timeToLive: .seconds(Int(max(0, seconds))))
    }

    private static func address(_ node: ares_addrinfo_node) -> IPAddress? {
        guard let socketAddress = node.ai_addr else { return nil }
        let bytes = UnsafeRawPointer(socketAddress)
        // Safe: c-ares allocates what the family says, and the count is checked besides.
        switch node.ai_family {
        case AF_INET where Int(node.ai_addrlen) >= MemoryLayout<sockaddr_in>.size:
            return .v4(UInt32(bigEndian: bytes.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6 where Int(node.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size:
            let words = bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: words) { words in
                IPAddress(
                    v6High: UInt64(bigEndian: words.loadUnaligned(as: UInt64.self)),
                    low: UInt64(bigEndian: words.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        default:
            return nil
        }
    }

    private static func failure(_ status: Int32) -> ResolutionFailure {
        switch status {
        case ARES_SUCCESS, ARES_ENODATA: .noAddress
        case ARES_ENOTFOUND: .noSuchName
        case ARES_EBADNAME: .invalidName
        case ARES_ETIMEOUT: .timedOut
        case ARES_EBADRESP, ARES_EFORMERR: .malformedAnswer
        case ARES_EDESTRUCTION, ARES_ECANCELLED: .closed
        default: .serverFailed  // ARES_ECONNREFUSED also after SERVFAIL, REFUSED and NOTIMP
        }
    }
}
