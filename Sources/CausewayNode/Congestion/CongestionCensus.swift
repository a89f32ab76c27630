import CausewayAdmin
import CausewayBytes
import CausewayConfig
import CausewayIO
import Dispatch
import Glibc
import Synchronization

/// Asks the kernel how the sockets do that have a congestion policy.
struct CongestionCensus {
    /// Time that a loop has to answer.
    private static let patience = DispatchTimeInterval.seconds(5)
    /// Sockets of a policy that a loop asks about at most: enough for a mean, and no long turn.
    private static let samples = 256
    /// Round trips' worth of bytes that windows are to hold, as loss keeps what came after it waiting.
    private static let windowsPerRoundTrip = 3.0

    let loops: LoopBoard
    let plan: Plan

    fileprivate struct Sum {
        var sockets = 0
        var sent: UInt64 = 0
        var retransmitted: UInt64 = 0
        var roundTrip: UInt64 = 0
    }

    private final class Sums: Sendable {
        let value = Mutex<[ObjectIdentifier: Sum]>([:])
    }

    /// - Returns: nothing where no listener or exit has a policy. Blocks: not on a loop's thread.
    func take() -> [CongestionStatus] {
        let places =
            self.plan.listeners.compactMap { listener in listener.congestion.map { ("listener", listener.name, $0) } }
            + self.plan.exits.compactMap { exit in exit.congestion.map { ("exit", exit.name, $0) } }
        guard !places.isEmpty else { return [] }
        let sums = self.sums()
        return places.compactMap { side, name, policy in
            policy.wish.map { self.status(side, name, policy, $0, sums[ObjectIdentifier(policy)] ?? Sum()) }
        }
    }

    private func sums() -> [ObjectIdentifier: Sum] {
        let sums = Sums()
        let hasAnswered = DispatchSemaphore(value: 0)
        let count = self.loops.execute { worker in
            let part = Self.sums(of: worker)
            sums.value.withLock { $0.merge(part) { $0 + $1 } }
            hasAnswered.signal()
        }
        let deadline = DispatchTime.now() + Self.patience
        for _ in 0..<count where hasAnswered.wait(timeout: deadline) != .success { break }
        return sums.value.withLock { $0 }
    }

    private static func sums(of worker: Worker) -> [ObjectIdentifier: Sum] {
        var sums: [ObjectIdentifier: Sum] = [:]
        func add(_ policy: CongestionPolicy?, _ socket: borrowing Socket) {
            guard let policy, sums[ObjectIdentifier(policy), default: Sum()].sockets < Self.samples,
                let statistics = socket.statistics()
            else { return }
            sums[ObjectIdentifier(policy), default: Sum()] += statistics
        }
        worker.loop.forEachHandler { handler in
            guard let session = handler as? Session else { return }
            add(session.near.congestion?.policy, session.near.socket)
            add(session.far.congestion?.policy, session.far.socket)
        }
        return sums
    }

    private func status(
        _ side: String,
        _ name: String,
        _ policy: CongestionPolicy,
        _ wish: CongestionPolicy.Wish,
        _ sum: Sum
    ) -> CongestionStatus {
        let outcome = policy.outcome
        let roundTrip = sum.sockets == 0 ? nil : Double(sum.roundTrip) / Double(sum.sockets)
        return CongestionStatus(
            side: side,
            name: name,
            asked: wish.request.algorithm.description,
            inForce: outcome.map { $0.algorithm?.description ?? "system" },
            reason: outcome?.reason,
            share: wish.request.rate == nil && wish.share != .user ? nil : wish.share.rawValue,
            rate: wish.request.rate.map { $0 * 8 },
            ratePerSocket: Self.ratePerSocket(policy, wish),
            isSharedByKernel: outcome?.isGrouped ?? false,
            sockets: policy.live,
            retransmittedPerMille: sum.sent == 0 ? nil : 1000 * Double(sum.retransmitted) / Double(sum.sent),
            roundTripMilliseconds: roundTrip.map { ($0 / 10).rounded() / 100 },
            warnings: Self.warnings(rate: wish.request.rate, roundTripMicroseconds: roundTrip)
        )
    }

    private static func ratePerSocket(_ policy: CongestionPolicy, _ wish: CongestionPolicy.Wish) -> UInt64? {
        guard let rate = wish.request.rate.map({ $0 * 8 }) else { return nil }
        switch wish.share {
        case .socket: return rate
        case .link where policy.outcome?.isGrouped == false: return rate / UInt64(max(policy.live, 1))
        case .link, .user: return nil
        }
    }

    /// What this host's limits do to the rate: the other end's cannot be seen from here.
    private static func warnings(rate: UInt64?, roundTripMicroseconds: Double?) -> [String] {
        guard let rate, let roundTrip = roundTripMicroseconds else { return [] }
        let wanted = Self.windowsPerRoundTrip * Double(rate) * roundTrip / 1e6
        return ["net.ipv4.tcp_wmem", "net.ipv4.tcp_rmem"].compactMap { name in
            guard
                let most = HostSystem.setting(name)?.split(whereSeparator: \.isWhitespace).last.flatMap({ Double($0) }),
                most < wanted
            else { return nil }
            let bytes = ByteCount(bytes: UInt64(min(wanted, 1e18)))
            return "\(name) allows \(ByteCount(bytes: UInt64(most))), and this rate over this round trip wants \(bytes)"
        }
    }
}

extension CongestionCensus.Sum {
    fileprivate static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.sockets += right.sockets
        sum.sent += right.sent
        sum.retransmitted += right.retransmitted
        sum.roundTrip += right.roundTrip
        return sum
    }

    fileprivate static func += (sum: inout Self, statistics: ConnectionStatistics) {
        sum.sockets += 1
        sum.sent += statistics.sent
        sum.retransmitted += statistics.retransmitted
        sum.roundTrip += UInt64(statistics.roundTripMicroseconds)
    }
}
