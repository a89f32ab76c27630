import CausewayBytes
import CausewayCrypto
import CausewayIO
import CausewayWire
import Dispatch
import Glibc

/// The salts that the process before this one has accepted, and those that it still does.
enum SaltInheritance {
    /// Words of salts that are taken over at most: a gigabyte.
    private static let limit = 1 << 27

    /// What the pools of `listeners` remember, in a file; from now on `line` is asked as well.
    static func handOver(
        _ listeners: [Listener],
        to line: SaltSuccessor.Line
    ) throws(SystemCallError) -> (names: [HandOverMessage.SaltPoolName], file: Descriptor) {
        var names: [HandOverMessage.SaltPoolName] = []
        var words: [UInt64] = []
        for listener in listeners {
            guard let (name, pool) = listener.saltPool else { continue }
            let snapshot = pool.handOver(to: SaltSuccessor(line, pool: names.count), now: HostSystem.now)
            names.append(name)
            words.append(UInt64(snapshot.count))
            words += snapshot
        }
        return (names, try MemoryFile.make(words))
    }

    /// Nobody else is asked any more.
    static func takeBack(_ listeners: [Listener]) {
        for listener in listeners { listener.saltPool?.pool.takeBack() }
    }

    /// Makes the pools of `listeners` know what those of the other process know, each with the same key, and answers that
    /// process's questions until it ends.
    static func take(
        _ names: [HandOverMessage.SaltPoolName],
        in file: Descriptor,
        asked line: MessageSocket,
        by listeners: [Listener]
    ) throws(HandOverFailure) {
        var asked: [SaltPool?] = []
        do {
            var words = try MemoryFile.read(file, limit: self.limit)[...]
            for name in names {
                guard let count = words.popFirst().flatMap({ Int(exactly: $0) }), count <= words.count else {
                    throw SaltGenerations.Malformed()
                }
                let snapshot = Array(words.prefix(count))
                words = words.dropFirst(count)
                let pools = listeners.compactMap(\.saltPool).filter {
                    $0.name.method == name.method && $0.name.key == name.key
                }
                for pool in pools { try pool.pool.restore(snapshot) }
                asked.append((pools.first { $0.name.listener == name.listener } ?? pools.first)?.pool)
            }
        } catch {
            throw HandOverFailure("the salts that were handed over cannot be read: \(error)")
        }
        self.answer(line, asked)
    }

    private static func answer(_ line: MessageSocket, _ pools: [SaltPool?]) {
        DispatchQueue(label: "causeway.salts").async {
            while true {
                do throws(SystemCallError) {
                    guard let message = try line.receive(within: .seconds(3600)) else { return }
                    try line.send(self.isNew(message.bytes, pools) ? SaltQuestion.yes : SaltQuestion.no)
                } catch {
                    guard error.code == ETIMEDOUT else { return }
                }
            }
        }
    }

    /// A key that nobody has here any more is nobody's to be played again with either.
    private static func isNew(_ bytes: [UInt8], _ pools: [SaltPool?]) -> Bool {
        guard let question = SaltQuestion(bytes), pools.indices.contains(question.pool) else { return false }
        let clock = UnixSeconds(clamping: time(nil))
        return pools[question.pool]?
            .insert(question.salt, timestamp: question.timestamp, now: HostSystem.now, clock: clock) ?? true
    }
}

extension Listener {
    /// The salts that are remembered here; `nil` for a listener whose protocol has none.
    fileprivate var saltPool: (name: HandOverMessage.SaltPoolName, pool: SaltPool)? {
        switch self.kind {
        case .tunnel(let tunnel): (self.poolName(tunnel.method, tunnel.key), tunnel.salts)
        case .relay(let relay): (self.poolName(relay.method, relay.key), relay.salts)
        case .mixed, .forward: nil
        }
    }

    private func poolName(_ method: Method, _ key: Secret) -> HandOverMessage.SaltPoolName {
        let identity = KeyDerivation.identity(of: key)
        return HandOverMessage.SaltPoolName(
            listener: self.name,
            method: "\(method)",
            key: [identity.low, identity.high]
        )
    }
}
