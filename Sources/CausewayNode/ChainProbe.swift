import CausewayBytes
public import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO
import Logging

/// Walks the chains that a configuration's tunnel exits lead through, hop by hop, and measures each.
///
/// The far end of a tunnel is found by asking it for a name that every Causeway refuses at once: how long that takes is
/// the round trip through all hops, without any target.
public final class ChainProbe {
    /// One step of a chain.
    public struct Hop: Codable, Equatable, Sendable {
        /// `next hop`, `far end` or `target`.
        public var name: String
        public var address: String
        /// The time of this step alone; none where it failed.
        public var milliseconds: Double?
        /// Why it failed.
        public var failure: String?
    }

    /// A chain and its steps, up to the first that failed.
    public struct Chain: Codable, Equatable, Sendable {
        public var exit: String
        public var hops: [Hop]

        public var works: Bool { self.hops.allSatisfy { $0.failure == nil } }
    }

    private let worker: Worker
    private let exits: [Exit]
    private let check: ExitGroup.Check
    private var chains: [Chain] = []

    /// - Parameters:
    ///   - exits: the names of the exits to walk; all tunnel exits where there are none.
    ///   - url: the page to fetch as the last step, `http` only.
    ///   - timeout: seconds that each step may take.
    ///
    /// - Throws: ``ProbeError``, and what a node throws that cannot be set up.
    public init(configuration: Configuration, exits names: [String], url: String, timeout: Int) throws {
        guard let page = CheckURL(url) else { throw ProbeError.notAURL(url) }
        self.check = ExitGroup.Check(
            target: page.target,
            path: page.path,
            interval: .seconds(timeout),
            timeout: .seconds(timeout)
        )
        let plan = Plan(
            configuration,
            ownAddresses: [],
            descriptorLimit: HostSystem.raiseDescriptorLimit(),
            seed: RandomSource().next(),
            now: HostSystem.now
        )
        let tunnels = plan.exits.filter { exit in
            if case .tunnel = exit.kind { true } else { false }
        }
        self.exits =
            try names.isEmpty
            ? tunnels
            : names.map { name in
                guard let exit = tunnels.first(where: { $0.name == name }) else { throw ProbeError.noTunnel(name) }
                return exit
            }
        var limits = plan.limits
        limits.loops = 1
        let log = CauseLog(logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() })
        self.worker = try Worker(
            number: 0,
            shared: SharedState(limits: limits, resolver: plan.resolver, log: log),
            aead: try AEADChoice.ofEnvironment()
        )
    }

    /// Why nothing can be probed.
    public enum ProbeError: Error, CustomStringConvertible {
        case notAURL(String)
        case noTunnel(String)

        public var description: String {
            switch self {
            case .notAURL(let text): "\(text) is no URL such as http://example.com/ (http only)"
            case .noTunnel(let name): "there is no tunnel exit \"\(name)\""
            }
        }
    }

    /// Walks all chains, one after the other, on this thread.
    ///
    /// - Throws: what the event loop throws.
    public func walk() throws -> [Chain] {
        self.next(0)
        if self.chains.count < self.exits.count { try self.worker.loop.run() }
        return self.chains
    }

    private func next(_ index: Int) {
        guard index < self.exits.count else { return self.worker.loop.stop() }
        let exit = self.exits[index]
        guard case .tunnel(let server, let credentials) = exit.kind else { return self.next(index + 1) }
        self.probe(exit, credentials == nil ? self.check : self.refusedCheck) { outcome in
            var hops = [Self.connection(to: server, outcome)]
            guard outcome.connected != nil, credentials != nil else {
                return self.conclude(exit, hops, index)
            }
            hops.append(Self.farEnd(of: server, outcome))
            guard hops[1].failure == nil else { return self.conclude(exit, hops, index) }
            self.probe(exit, self.check) { outcome in
                hops.append(self.target(outcome))
                self.conclude(exit, hops, index)
            }
        }
    }

    private func conclude(_ exit: Exit, _ hops: [Hop], _ index: Int) {
        self.chains.append(Chain(exit: exit.name, hops: hops))
        self.next(index + 1)
    }

    private func probe(_ exit: Exit, _ check: ExitGroup.Check, _ report: @escaping (HealthProbe.Outcome) -> Void) {
        HealthProbe(of: exit, check: check, on: self.worker, report: report).begin()
    }

    // MARK: - Steps

    /// A check that no far end of ours lets through.
    private var refusedCheck: ExitGroup.Check {
        // The address of no host is as good, where the name were none.
        let host = Host("sp.mux.sing-box.arpa".utf8) ?? .ip(.v4(0))
        let marker = Address(host: host, port: 444)
        return ExitGroup.Check(target: marker, path: "/", interval: self.check.interval, timeout: self.check.timeout)
    }

    private static func connection(to server: Address, _ outcome: HealthProbe.Outcome) -> Hop {
        var hop = Hop(name: "next hop", address: "\(server)")
        if let connected = outcome.connected {
            hop.milliseconds = Self.milliseconds(connected)
        } else if case .fails(let reason) = outcome.verdict {
            hop.failure = reason
        }
        return hop
    }

    private static func farEnd(of server: Address, _ outcome: HealthProbe.Outcome) -> Hop {
        var hop = Hop(name: "far end", address: "through \(server)")
        // A reset or an end is the refusal that was asked for.
        if case .fails(let reason) = outcome.verdict, reason != HealthProbe.brokenReason,
            reason != HealthProbe.closedReason
        {
            hop.failure = "\(reason): a wrong key, a wrong clock, a hop that is down, or no Causeway"
        } else {
            hop.milliseconds = Self.answerTime(outcome)
        }
        return hop
    }

    private func target(_ outcome: HealthProbe.Outcome) -> Hop {
        var hop = Hop(name: "target", address: "\(self.check.target)")
        switch outcome.verdict {
        case .works: hop.milliseconds = Self.answerTime(outcome)
        case .fails(let reason): hop.failure = reason
        }
        return hop
    }

    /// From the connection to the answer.
    private static func answerTime(_ outcome: HealthProbe.Outcome) -> Double {
        self.milliseconds(outcome.decided) - (outcome.connected.map { self.milliseconds($0) } ?? 0)
    }

    private static func milliseconds(_ interval: Interval) -> Double { Double(interval.nanoseconds / 1_000) / 1_000 }
}
