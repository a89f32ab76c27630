import CausewayBytes
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayWire

/// What one loop has for datagrams: where they are received and sent from, what opens and seals them, and all
/// associations. Made when the first socket for them is.
///
/// Whoever handles a datagram is given the desk, so that nothing is looked up on the datagram's way.
final class DatagramDesk: TurnEnd {
    let loop: EventLoop
    let random: RandomSource
    let batch = DatagramBatch()
    let queue = DatagramQueue()
    let opener: PacketOpener
    let sealer: PacketSealer
    /// By the listener's name.
    private var tables: [String: AssociationTable] = [:]
    /// The associations of the loop, in no order.
    private(set) var all: [Association] = []
    /// Users who have bytes on lease in this turn.
    private var leasing: [UserSessions] = []
    /// The sockets to next hops that associations share; of several to one, the latest.
    private var hops: [HopKey: HopSocket] = [:]

    /// Associations that are looked at when one has to make room.
    private static let sample = 16

    init(on loop: EventLoop, random: RandomSource, aead: any AEADBackend, aes: any AESBlock) {
        self.loop = loop
        self.random = random
        self.opener = PacketOpener(aead: aead, aes: aes)
        self.sealer = PacketSealer(aead: aead, aes: aes)
    }

    /// The sessions of a listener; a reload leaves them.
    func table(of listener: String) -> AssociationTable {
        if let table = self.tables[listener] { return table }
        let table = AssociationTable()
        self.tables[listener] = table
        return table
    }

    /// What every handler does at the end of its turn: has what was queued sent, and what was not used of leases given
    /// back, once those that are ready with it have had theirs.
    func settle() { self.loop.endTurn(with: self) }

    func endTurn() {
        self.queue.flush()
        for sessions in self.leasing { sessions.endLease() }
        self.leasing.removeAll(keepingCapacity: true)
    }

    /// Notes that `sessions` has a lease, which ends with the turn.
    func noteLease(of sessions: UserSessions) { self.leasing.append(sessions) }

    /// What the ChaCha method wants with each datagram.
    func nonce(for method: Method) -> PacketSealer.RandomNonce {
        guard !method.hasIdentityHeaders else { return (0, 0, 0) }
        return (self.random.next(), self.random.next(), self.random.next())
    }

    // MARK: - Next hops

    /// The socket to `hop` that has room; a new one where none has.
    func hopSocket(_ key: HopKey, make: () throws(SystemCallError) -> HopSocket) throws(SystemCallError) -> HopSocket {
        if let present = self.hops[key], present.hasRoom { return present }
        let made = try make()
        self.hops[key] = made
        return made
    }

    func forget(_ socket: HopSocket) {
        if self.hops[socket.key] === socket { self.hops[socket.key] = nil }
    }

    // MARK: - Associations

    func add(_ association: Association) {
        association.place = self.all.count
        self.all.append(association)
    }

    /// Nothing for one that was never added.
    func remove(_ association: Association) {
        guard association.place < self.all.count, self.all[association.place] === association else { return }
        let last = self.all.removeLast()
        guard last !== association else { return }
        last.place = association.place
        self.all[association.place] = last
    }

    /// The association that is to make room for another: of some, one whose user has most, and of those the one that has
    /// been silent for longest.
    func victim(random: RandomSource) -> Association? {
        guard !self.all.isEmpty else { return nil }
        var victim: Association?
        for _ in 0..<Self.sample {
            let candidate = self.all[Int(random.next() % UInt64(self.all.count))]
            guard let present = victim else {
                victim = candidate
                continue
            }
            let (mine, others) = (candidate.siblingCount, present.siblingCount)
            if mine > others || mine == others && candidate.lastActivity < present.lastActivity { victim = candidate }
        }
        return victim
    }
}

/// The associations of one listener on one loop, by what their datagrams are told apart by.
final class AssociationTable {
    var tunnels: [SessionKey: TunnelInlet] = [:]
    var relays: [SessionKey: RelayInlet] = [:]
    var forwards: [SocketAddress: ForwardInlet] = [:]
}
