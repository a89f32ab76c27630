import CausewayBytes
import CausewayCore
import CausewayIO

/// Asks for the addresses of a name, of all families that an exit has, and tells when all is known.
final class NameInquiry: ResolutionClient {
    private let worker: Worker
    private let families: [AddressFamily]
    private let done: ([IPAddress]) -> Void
    private var found: [AddressFamily: [IPAddress]] = [:]
    private var tickets: [Resolver.Ticket] = []
    private var waiting = 0

    /// - Parameter done: is told the addresses, those of IPv4 first: nobody can race datagrams as connections are raced
    ///   (RFC 8305), and where one family works and the other only seems to, it is that one. At most once, and not from
    ///   inside ``begin(_:)``.
    init(_ families: [AddressFamily], on worker: Worker, done: @escaping ([IPAddress]) -> Void) {
        self.families = AddressFamily.allCases.filter { families.contains($0) }
        self.worker = worker
        self.done = done
    }

    /// The addresses where they are known at once; else they are told.
    func begin(_ name: DomainName) -> [IPAddress]? {
        for family in self.families { self.ask(name, family) }
        return self.waiting == 0 ? self.addresses : nil
    }

    func cancel() {
        for ticket in self.tickets { self.worker.resolver?.cancel(ticket) }
        self.tickets = []
        self.waiting = 0
    }

    private var addresses: [IPAddress] { self.families.flatMap { self.found[$0] ?? [] } }

    private func ask(_ name: DomainName, _ family: AddressFamily) {
        switch self.worker.cachedAnswer(name, family) {
        case .addresses(let addresses): self.found[family] = addresses
        case .negative: break
        case .none:
            guard let resolver = self.worker.resolver else { return }
            switch resolver.resolve(name, family: family, query: 0, for: self) {
            case .answered(.addresses(let addresses, _)): self.found[family] = addresses
            case .answered(.failed): break
            case .waiting(let ticket):
                self.tickets.append(ticket)
                self.waiting += 1
            }
        }
    }

    func resolved(_ query: UInt32, family: AddressFamily, result: Resolution) {
        guard self.waiting > 0 else { return }
        if case .addresses(let addresses, _) = result { self.found[family] = addresses }
        self.waiting -= 1
        if self.waiting == 0 { self.done(self.addresses) }
    }
}

/// Datagrams that wait for an address: few, as a sender that hears nothing sends again.
struct WaitingDatagrams {
    private static let countAtMost = 16
    private static let bytesAtMost = 32 << 10

    private var list: [(payload: [UInt8], target: Address?)] = []
    private var bytes = 0

    /// Keeps a datagram; `false` where there is no room.
    mutating func add(_ payload: ByteRegion, to target: Address?) -> Bool {
        guard self.list.count < Self.countAtMost, self.bytes + payload.count <= Self.bytesAtMost else { return false }
        self.bytes += payload.count
        self.list.append((payload.array(), target))
        return true
    }

    /// Takes out those to `target`, or all.
    mutating func take(to target: Address? = nil) -> [(payload: [UInt8], target: Address?)] {
        let taken = self.list.filter { target == nil || $0.target == target }
        self.list.removeAll { target == nil || $0.target == target }
        self.bytes = self.list.reduce(0) { $0 + $1.payload.count }
        return taken
    }
}
