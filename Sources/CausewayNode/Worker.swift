import CausewayBytes
import CausewayCore
import CausewayCrypto
import CausewayIO
import CausewayWire
import Logging

/// One loop with all that its sessions share: scratch memory, blocks, ciphers, random bytes, names.
///
/// Everything here is touched by the loop's thread alone, except through `loop.execute` and `shared`.
///
/// `@unchecked Sendable`: a reference may be passed to the thread that runs the loop and into bodies that the loop
/// executes; nothing else of it is used elsewhere.
final class Worker: @unchecked Sendable {
    let loop: EventLoop
    /// The loop's place among the loops of the node.
    let number: Int
    let shared: SharedState
    let scratch = Scratch()
    let pool: BlockPool
    let pipes: PipePool
    let aead: any AEADBackend
    let aes: any AESBlock
    let random = RandomSource()
    /// The plaintext regions that a flow is working on, all of them in `scratch`.
    private(set) var regions = RegionList(capacity: Worker.regionCapacity)
    /// What a flow has sealed of them.
    private(set) var sealed = RegionList(capacity: Worker.regionCapacity)
    private(set) var names: NameCache
    private(set) var resolver: LoopResolver?
    let drained = DrainQueue()
    /// The users that a handshake can name.
    var directory = UserDirectory()
    /// The users who have sessions here, and all accounts.
    let users: LoopUsers
    /// How this loop chooses, by the group's number.
    var selectors: [GroupSelector] = []
    /// By the exit's number; none for exits without.
    var warmStocks: [WarmStock?] = []
    /// By name; `nil` before the first reload.
    var reloadedExits: [String: Exit]?
    /// Of the members that this loop looks after.
    var checkers: [ObjectIdentifier: HealthChecker] = [:]
    var bufferShare: Int
    var acceptors: [Acceptor] = []
    var datagramPorts: [DatagramPort] = []
    /// Made where datagrams come, as its memory is not small.
    private(set) lazy var datagrams = DatagramDesk(on: self.loop, random: self.random, aead: self.aead, aes: self.aes)
    /// Whether nothing new is taken any more.
    var isDraining = false
    private(set) lazy var congestionTicker = CongestionTicker(on: self)

    /// Bytes that a pipe is to hold.
    private static let pipeCapacity = 256 * 1024
    private static let regionCapacity = StreamOpener.maximumRegions(
        for: Scratch.readLimit + Scratch.partialCount + StreamSealer.maximumPayloadCount
    )

    /// Why a worker cannot be made.
    enum SetUpError: Error, CustomStringConvertible {
        case kernel(SystemCallError)
        case cipher(AEADChoice.Failure)
        case noBlockCipher
        case resolver(Resolver.SetUpError)

        var description: String {
            switch self {
            case .kernel(let error): error.description
            case .cipher(let failure): failure.description
            case .noBlockCipher: "OpenSSL lacks the AES block or memory"
            case .resolver(let error): "the resolver cannot be set up: \(error)"
            }
        }
    }

    init(number: Int, shared: SharedState, aead: AEADChoice) throws(SetUpError) {
        self.number = number
        self.users = LoopUsers(noting: shared.presentUsers)
        do throws(SystemCallError) {
            self.loop = try EventLoop()
        } catch {
            throw .kernel(error)
        }
        do throws(AEADChoice.Failure) {
            self.aead = try aead.make()
        } catch {
            throw .cipher(error)
        }
        guard let aes = makeAESBlock() else { throw .noBlockCipher }
        self.aes = aes
        self.shared = shared
        self.bufferShare = shared.limits.buffers / shared.limits.loops
        self.pool = BlockPool(keep: min(self.bufferShare / 4, 4 << 20))
        self.pipes = PipePool(capacity: Self.pipeCapacity, limit: shared.limits.pipes)
        self.names = NameCache(capacity: shared.limits.cachedNames)
        do throws(Resolver.SetUpError) {
            self.resolver = try LoopResolver(loop: self.loop, settings: shared.resolver)
        } catch {
            throw .resolver(error)
        }
        // Safe: the resolver is this worker's, and ends before it.
        self.resolver?.onAnswer = { [unowned self] name, family, resolution in
            self.remember(name, family, resolution)
        }
    }

    /// Whether blocks hold more than this loop's share of the node's buffer memory, so that reads should be small.
    var isUnderPressure: Bool { self.pool.lentCount > self.bufferShare }

    /// Makes what was sealed the regions to write.
    func swapSealed() {
        swap(&self.regions, &self.sealed)
    }

    /// A fresh random salt, as wide as `method` wants it.
    func salt(for method: Method) -> Salt {
        var salt = Salt()
        for index in 0..<method.keyCount / 8 { salt.words[index] = self.random.next() }
        return salt
    }

    /// What the cache has about `family` of `name`.
    func cachedAnswer(_ name: DomainName, _ family: AddressFamily) -> NameCache.Answer? {
        self.names.answer(for: name, family: family, now: self.loop.now)
    }

    /// Keeps what the resolver said, where it is about the name, and a silence too (RFC 2308 section 7.1), so that not
    /// every session to a name waits for a server that does not answer for one family.
    private func remember(_ name: DomainName, _ family: AddressFamily, _ resolution: Resolution) {
        switch resolution {
        case .addresses(let addresses, let timeToLive):
            self.names.store(addresses, for: name, family: family, timeToLive: timeToLive, now: self.loop.now)
        case .failed(let failure):
            guard failure.isAboutName || failure == .timedOut else { return }
            self.names.storeNegative(for: name, family: family, now: self.loop.now)
        }
    }

    func note(
        _ cause: CauseLog.Cause,
        _ detail: String,
        at place: String,
        facts: () -> Logger.Metadata = { [:] }
    ) {
        self.shared.log.note(cause, detail, at: place, now: self.loop.now, facts: facts)
    }

    // MARK: - Users

    /// Ends the sessions of `account` here, unless it may have some.
    func cut(_ account: UserAccount) {
        guard let sessions = self.users.present[account.slot] else { return }
        let denial = account.denial
        for session in sessions.all where denial != nil || session.member?.isGood != true {
            session.cutOff(denial)
        }
        for association in sessions.associations where denial != nil || association.member?.isGood != true {
            association.cutOff(denial)
        }
    }

    /// Ends the sessions of `account` that come from `sources`.
    func cut(_ account: UserAccount, from sources: [DeviceTable.Source]) {
        for session in self.users.present[account.slot]?.all ?? [] {
            guard sources.contains(DeviceTable.Source(session.source.ip)) else { continue }
            session.cutOff(.devices)
        }
        for association in self.users.present[account.slot]?.associations ?? [] {
            guard sources.contains(DeviceTable.Source(association.source.ip)) else { continue }
            association.cutOff(.devices)
        }
    }

    /// Notes for the users with a limit on devices where bytes have moved.
    func touchDevices() {
        for sessions in self.users.present.values where sessions.account.deviceLimit > 0 {
            for session in sessions.all { sessions.account.touch(session.source.ip, at: session.lastActivity) }
            for association in sessions.associations {
                sessions.account.touch(association.source.ip, at: association.lastActivity)
            }
        }
    }

    // MARK: - Exits

    /// Makes ready what exits need on this loop. On its thread.
    func prepare(_ exits: [Exit], checking members: [(GroupMember, ExitGroup.Check)]) {
        for exit in exits {
            guard case .tunnel = exit.kind, exit.warm > 0 else { continue }
            while self.warmStocks.count <= exit.number { self.warmStocks.append(nil) }
            guard self.warmStocks[exit.number] == nil else { continue }
            let stock = WarmStock(exit: exit, worker: self)
            self.warmStocks[exit.number] = stock
            stock.fill()
        }
        for (member, check) in members {
            let checker = HealthChecker(of: member, check: check, on: self)
            self.checkers[ObjectIdentifier(member)] = checker
            checker.begin()
        }
    }

    /// Makes a selector for each group that has none yet.
    func prepareSelectors(_ groups: [ExitGroup]) {
        for group in groups where group.number >= self.selectors.count {
            self.selectors.append(
                GroupSelector(
                    policy: group.policy,
                    memberCount: group.members.count,
                    tolerance: group.tolerance,
                    seed: self.random.next()
                )
            )
        }
    }

    /// What has taken the place of `exit` since, by a reload: itself where nothing has, `nil` where it is gone.
    func present(_ exit: Exit) -> Exit? {
        guard let exits = self.reloadedExits else { return exit }
        return exits[exit.name]
    }

    func warmStock(of exit: Exit) -> WarmStock? {
        exit.number < self.warmStocks.count ? self.warmStocks[exit.number] : nil
    }

    // MARK: - Accepting

    /// Takes over a listening socket. Before the loop runs, or on its thread.
    func start(_ acceptor: Acceptor) throws(SystemCallError) {
        try acceptor.start()
        self.acceptors.append(acceptor)
    }

    /// Takes over a socket for datagrams. Before the loop runs, or on its thread.
    func start(_ port: DatagramPort) throws(SystemCallError) {
        try port.start()
        self.datagramPorts.append(port)
    }

    /// A descriptor has become free: whoever waits for one may go on.
    func resumeAccepting() {
        for acceptor in self.acceptors { acceptor.resumeIfPaused() }
    }
}
