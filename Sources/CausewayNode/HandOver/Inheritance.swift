import CausewayBytes
import CausewayIO
import CausewayLedger
import Glibc
import Synchronization

/// What a process finds when it starts, of somebody who was there before: listening sockets of the service manager, or a
/// whole node of the process that has started this one.
public final class Inheritance: Sendable {
    /// Names a descriptor of a ``MessageSocket`` to the process that hands over.
    static let variable = "CAUSEWAY_PREDECESSOR"
    /// Variables that are about the process that has them, and nobody that it starts.
    static let ownVariables = [variable, "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"]
    /// Time that the other process has for each thing it says.
    static let patience = Interval.seconds(30)

    /// Sockets that listen already, until somebody takes them: they listen as long as anybody has them.
    private let sockets: Mutex<[Descriptor]>
    let predecessor: Predecessor?

    /// The process that hands over.
    struct Predecessor: Sendable {
        let line: MessageSocket
        let loops: Int
    }

    /// What goes over to this process.
    struct Estate: Sendable {
        var pools: [HandOverMessage.SaltPoolName]
        var salts: Descriptor
        var questions: MessageSocket
        var owners: OwnerPipe
        var ledger: LedgerSuccession?
    }

    private init(sockets: [Descriptor], predecessor: Predecessor?) {
        self.sockets = Mutex(sockets)
        self.predecessor = predecessor
    }

    /// The sockets, which are nobody else's from now on.
    func takeSockets() -> [Descriptor] {
        self.sockets.withLock { sockets in
            defer { sockets = [] }
            return sockets
        }
    }

    /// What the environment says that there is (sd_listen_fds(3), or the process that hands over); `nil` for nothing.
    /// Nobody who is started by this process is to believe that it is meant.
    ///
    /// - Throws: where a predecessor is not understood.
    public static func ofEnvironment() throws -> Inheritance? {
        func number(_ name: String) -> CInt? { getenv(name).flatMap { CInt(String(cString: $0)) } }
        defer { for name in self.ownVariables.dropLast() { unsetenv(name) } }
        if let descriptor = number(self.variable), descriptor >= 3 {
            return try Self.ofPredecessor(MessageSocket(Descriptor(owning: descriptor)))
        }
        guard number("LISTEN_PID") == getpid(), let count = number("LISTEN_FDS"), (1...4096).contains(count) else {
            return nil
        }
        return Inheritance(sockets: (3..<3 + count).map { Descriptor(owning: $0) }, predecessor: nil)
    }

    private static func ofPredecessor(_ line: MessageSocket) throws -> Inheritance {
        _ = fcntl(line.descriptor.raw, F_SETFD, FD_CLOEXEC)
        do throws(HandOverFailure) {
            guard case (.offer(let offer), _) = try line.hear(within: self.patience) else {
                throw HandOverFailure("the other process offers nothing")
            }
            guard offer.version == HandOverMessage.version else {
                throw HandOverFailure("the processes are too far apart: \(offer.version), \(HandOverMessage.version)")
            }
            var sockets: [Descriptor] = []
            while sockets.count < offer.sockets {
                guard case (.sockets, let more) = try line.hear(within: self.patience), !more.isEmpty else {
                    throw HandOverFailure("sockets are missing")
                }
                sockets += more
            }
            let predecessor = Predecessor(line: line, loops: max(1, offer.loops))
            return Inheritance(sockets: sockets, predecessor: predecessor)
        } catch {
            try? line.send(.failed(reason: error.description))
            throw error
        }
    }

    /// Tells the other process, where there is one, that this one ends.
    public func refuse(_ reason: String) {
        try? self.predecessor?.line.send(.failed(reason: reason))
    }

    // MARK: - Taking over

    /// Tells the predecessor that everything is ready, and waits for what it leaves.
    func takeOver(_ predecessor: Predecessor) throws(HandOverFailure) -> Estate {
        try predecessor.line.send(.prepared(process: getpid()))
        guard case (.estate(let estate), let descriptors) = try predecessor.line.hear(within: Self.patience),
            descriptors.count == (estate.ledger == nil ? 4 : 5)
        else { throw HandOverFailure("the other process leaves nothing") }
        return Estate(
            pools: estate.pools,
            salts: descriptors[0],
            questions: MessageSocket(descriptors[1]),
            owners: OwnerPipe(reading: descriptors[2], writing: descriptors[3]),
            ledger: estate.ledger.map { LedgerSuccession(directory: $0, lock: dup(descriptors[4].raw)) }
        )
    }

    /// Tells the predecessor that connections are taken, and waits until it has made this process the node.
    func settle(_ predecessor: Predecessor) throws(HandOverFailure) {
        try predecessor.line.send(.running)
        guard case (.settled, _) = try predecessor.line.hear(within: Self.patience) else {
            throw HandOverFailure("the other process has settled nothing")
        }
    }
}

/// A pipe on which nothing is written: who owns the node has its writing end, and those who owned it before see when
/// nobody does any more.
struct OwnerPipe: Sendable {
    let reading: Descriptor
    /// `nil` for those who owned the node before.
    var writing: Descriptor?

    init(reading: Descriptor, writing: Descriptor?) {
        self.reading = reading
        self.writing = writing
    }

    init() throws(SystemCallError) {
        let pipe = try Descriptor.pipe()
        self.init(reading: pipe.reading, writing: pipe.writing)
    }

    var isWithoutOwner: Bool { self.reading.isHungUp }
}
