import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayIO

/// A configuration made ready to run: listeners and exits with their keys derived and their lists built.
struct Plan {
    let listeners: [Listener]
    /// By their numbers.
    let exits: [Exit]
    /// The exits that are groups, by the groups' numbers.
    let groups: [(exit: Exit, group: ExitGroup)]
    let limits: SharedState.Limits
    let resolver: ResolverSettings

    /// Descriptors that are no session's: the process's, and per loop epoll's, the wake-up's and the resolver's.
    private static let reservedDescriptors = 16
    private static let descriptorsPerLoop = 6
    /// Pipes per loop, two descriptors each, while there are descriptors enough.
    private static let pipesPerLoop = 256

    /// - Parameters:
    ///   - ownAddresses: this node's, which no exit leads to unless told.
    ///   - descriptorLimit: open descriptors that the process may have.
    ///   - seed: random, for the salt pools.
    init(
        _ configuration: Configuration,
        ownAddresses: [IPAddress],
        descriptorLimit: Int,
        seed: UInt64,
        now: Instant
    ) {
        let loops = configuration.loops
        var exits: [String: Exit] = [:]
        var groups: [(exit: Exit, group: ExitGroup)] = []
        // Members before the groups that they are in.
        for (number, exit) in configuration.exits.enumerated() {
            if case .group = exit.kind { continue }
            exits[exit.name] = Exit(exit, number: number, ownAddresses: ownAddresses, loops: loops)
        }
        for (number, exit) in configuration.exits.enumerated() {
            guard case .group(let configured) = exit.kind else { continue }
            let members = configured.members.compactMap { exits[$0] }
            let group = ExitGroup(configured, number: groups.count, members: members)
            let made = Exit(exit, number: number, kind: .group(group), loops: loops)
            groups.append((made, group))
        }
        for (exit, _) in groups { exits[exit.name] = exit }
        self.groups = groups
        self.exits = configuration.exits.compactMap { exits[$0.name] }
        self.listeners = configuration.listeners.map { listener in
            Listener(listener, exits: exits, seed: seed, now: now, loops: loops)
        }
        let sockets = self.listeners.reduce(0) { $0 + $1.addresses.count }
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
            pipes: pipes
        )
        var resolver = ResolverSettings()
        resolver.servers = configuration.dns.servers
        self.resolver = resolver
    }

    /// The members whose health a loop looks after: the loops share them.
    func members(checkedOn loop: Int) -> [(GroupMember, ExitGroup.Check)] {
        var checked: [(GroupMember, ExitGroup.Check)] = []
        for (_, group) in self.groups {
            guard let check = group.check else { continue }
            checked += group.members.map { ($0, check) }
        }
        return checked.enumerated().filter { $0.offset % self.limits.loops == loop }.map(\.element)
    }
}
