import CausewayBytes
import CausewayCore
import CausewayIO
import Synchronization

/// What all loops of a node share.
final class SharedState: Sendable {
    /// Bounds of the whole node.
    struct Limits: Sendable {
        var loops: Int
        /// Bytes of blocks beyond which reads become small.
        var buffers: Int
        /// Sessions at one time, in any state; what holds now is ``SharedState/sessionLimit``.
        var sessions: Int
        /// Connections that are being drained at one time, per loop.
        var drained: Int
        var cachedNames: Int
        /// Associations of one user at one time; what holds now is ``SharedState/associationLimit``.
        var associations: Int
        /// Pipes that are lent at one time, per loop.
        var pipes: Int
    }

    /// As they were at the start.
    let limits: Limits
    private let presentSessionLimit: Atomic<Int>
    private let presentAssociationLimit: Atomic<Int>
    let resolver: ResolverSettings
    let log: CauseLog
    /// Sessions and associations of all loops, counted so that descriptors do not run out.
    let sessionCount = Atomic<Int>(0)
    let loops = LoopBoard()
    let denials = DenialCounters()
    let presentUsers = PresentUsers()
    private let closedToUsers = Atomic<Bool>(false)

    /// Whether users are let in no more, as what they use could not be kept.
    var isClosedToUsers: Bool {
        get { self.closedToUsers.load(ordering: .relaxed) }
        set { self.closedToUsers.store(newValue, ordering: .relaxed) }
    }

    private let addresses: Atomic<UInt8>

    /// Which addresses events may have.
    var loggedAddresses: LoggedAddresses {
        get { LoggedAddresses(rawValue: self.addresses.load(ordering: .relaxed)) }
        set { self.addresses.store(newValue.rawValue, ordering: .relaxed) }
    }

    private let drainEnd = Mutex<Instant?>(nil)

    /// When the node ends, for all its sessions; `nil` as long as it takes connections.
    var drainDeadline: Instant? {
        get { self.drainEnd.withLock { $0 } }
        set { self.drainEnd.withLock { $0 = newValue } }
    }

    /// Sessions at one time, in any state.
    var sessionLimit: Int {
        get { self.presentSessionLimit.load(ordering: .relaxed) }
        set { self.presentSessionLimit.store(newValue, ordering: .relaxed) }
    }

    /// Associations of one user at one time; the oldest make room for others.
    var associationLimit: Int {
        get { self.presentAssociationLimit.load(ordering: .relaxed) }
        set { self.presentAssociationLimit.store(newValue, ordering: .relaxed) }
    }

    init(limits: Limits, resolver: ResolverSettings, log: CauseLog, addresses: LoggedAddresses = []) {
        self.limits = limits
        self.presentSessionLimit = Atomic(limits.sessions)
        self.presentAssociationLimit = Atomic(limits.associations)
        self.resolver = resolver
        self.log = log
        self.addresses = Atomic(addresses.rawValue)
    }
}
