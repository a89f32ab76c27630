import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayIO

/// A configuration made ready to run: listeners and exits with their keys derived and their lists built.
///
/// A plan that follows another one keeps of it what is the same, as the very same objects, and the counters, the health
/// and the salts of what is not.
struct Plan: Sendable {
    let configuration: Configuration
    let listeners: [Listener]
    let exits: [Exit]
    /// The exits that are groups.
    let groups: [(exit: Exit, group: ExitGroup)]
    let limits: SharedState.Limits
    let resolver: ResolverSettings
    private let ownAddresses: [IPAddress]
    /// The numbers that the next new exit and group get.
    private var nextExit = 0
    private var nextGroup = 0

    /// Descriptors that are no session's: the process's, and per loop epoll's, the wake-up's and the resolver's.
    private static let reservedDescriptors = 16
    private static let descriptorsPerLoop = 6
    /// Pipes per loop, two descriptors each, while there are descriptors enough.
    private static let pipesPerLoop = 256

    /// - Parameters:
    ///   - old: the plan that is in force.
    ///   - inheritedLoops: those of the process that hands over, as many as listen and count.
    ///   - ownAddresses: this node's, which no exit leads to unless told.
    ///   - descriptorLimit: open descriptors that the process may have.
    ///   - seed: random, for the salt pools.
    init(
        _ configuration: Configuration,
        after old: Plan? = nil,
        inheritedLoops: Int? = nil,
        ownAddresses: [IPAddress],
        descriptorLimit: Int,
        seed: UInt64,
        now: Instant
    ) {
        // Loops are threads, and stay as they were.
        let loops = old?.limits.loops ?? inheritedLoops ?? configuration.loops
        self.configuration = configuration
        self.ownAddresses = ownAddresses
        self.nextExit = old?.nextExit ?? 0
        self.nextGroup = old?.nextGroup ?? 0
        var exits: [String: Exit] = [:]
        var groups: [(exit: Exit, group: ExitGroup)] = []
        // Members before the groups that they are in.
        for exit in configuration.exits {
            if case .group = exit.kind { continue }
            let before = old?.exit(exit.name)
            if let before, old?.configured(exit.name) == exit, old?.ownAddresses == ownAddresses {
                exits[exit.name] = before
            } else {
                exits[exit.name] = Exit(
                    exit,
                    number: self.nextExit,
                    ownAddresses: ownAddresses,
                    loops: loops,
                    after: before
                )
                self.nextExit += 1
            }
        }
        for exit in configuration.exits {
            guard case .group(let configured) = exit.kind else { continue }
            let members = configured.members.compactMap { exits[$0] }
            let before = old?.groups.first { $0.exit.name == exit.name }
            if let before, old?.configured(exit.name) == exit,
                before.group.members.map(\.exit.number) == members.map(\.number)
            {
                groups.append(before)
                continue
            }
            let group = ExitGroup(configured, number: self.nextGroup, members: members, after: before?.group)
            let made = Exit(
                exit,
                number: self.nextExit,
                kind: .group(group),
                loops: loops,
                after: old?.exit(exit.name)
            )
            self.nextGroup += 1
            self.nextExit += 1
            groups.append((made, group))
        }
        for (exit, _) in groups { exits[exit.name] = exit }
        self.groups = groups
        self.exits = configuration.exits.compactMap { exits[$0.name] }
        self.listeners = configuration.listeners.map { listener in
            let before = old?.listeners.first { $0.name == listener.name }
            let new = Listener(listener, exits: exits, seed: seed, now: now, loops: loops, after: before)
            let isSame = old?.configuration.listeners.first { $0.name == listener.name } == listener
            return isSame ? before.flatMap { $0.leaves(as: new) ? $0 : nil } ?? new : new
        }
        let sockets = self.listeners.reduce(0) { $0 + $1.addresses.count * ($1.listensForDatagrams ? 2 : 1) }
        let warm = self.exits.reduce(0) { $0 + ($1.warm + loops - 1) / loops }
        let pipes = min(Self.pipesPerLoop, descriptorLimit / (16 * loops))
        let taken = Self.reservedDescriptors + loops * (Self.descriptorsPerLoop + sockets + warm + 2 * pipes)
        self.limits = SharedState.Limits(
            loops: loops,
            buffers: Int(clamping: configuration.limits.buffers.bytes),
            // A session has two sockets. Whoever comes when all are taken waits in the backlog and is not turned away
            // half-way; only the additional attempts of Happy Eyeballs may still find nothing free.
            sessions: max(min(configuration.limits.sessions, (descriptorLimit - taken) / 2), 1),
            drained: max(configuration.limits.sessions / (8 * loops), 64),
            cachedNames: configuration.dns.cache / loops,
            associations: configuration.limits.associations,
            pipes: pipes
        )
        var resolver = ResolverSettings()
        resolver.servers = configuration.dns.servers
        self.resolver = resolver
    }

    private func exit(_ name: String) -> Exit? { self.exits.first { $0.name == name } }

    private func configured(_ name: String) -> Configuration.Exit? {
        self.configuration.exits.first { $0.name == name }
    }

    /// Every member that is to be checked.
    var checkedMembers: [(member: GroupMember, check: ExitGroup.Check)] {
        self.groups.flatMap { _, group in group.check.map { check in group.members.map { ($0, check) } } ?? [] }
    }

    /// The members whose health a loop is to look after and nobody did under `old`: the loops share them.
    func members(checkedOn loop: Int, since old: Plan? = nil) -> [(GroupMember, ExitGroup.Check)] {
        let known = Set((old?.checkedMembers ?? []).map { ObjectIdentifier($0.member) })
        let new = self.checkedMembers.filter { !known.contains(ObjectIdentifier($0.member)) }
        return new.enumerated().filter { $0.offset % self.limits.loops == loop }.map(\.element)
    }
}

extension Listener {
    /// Whether sessions leave by the very same exits as those of `other`.
    fileprivate func leaves(as other: Listener) -> Bool {
        guard self.exit === other.exit else { return false }
        switch (self.kind, other.kind) {
        case (.relay(let relay), .relay(let other)): return relay.next.map(\.number) == other.next.map(\.number)
        case (.mixed, _), (.tunnel, _), (.relay, _), (.forward, _): return true
        }
    }
}
