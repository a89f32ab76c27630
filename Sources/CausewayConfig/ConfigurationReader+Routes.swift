import CausewayBytes

/// What an exit is, as far as other sections have to know.
enum NotedExit {
    case direct, block
    case tunnel(hasKeys: Bool)
    case group(members: [String])
}

/// Where a listener's traffic goes.
struct ListenerRoute {
    var name: String
    var exits: [String] = []
    /// The fixed target, and where the file names it.
    var target: (address: Address, place: Place)?
}

/// An address that a listener takes.
struct ListenPoint {
    var address: SocketAddress
    /// The listener's index.
    var listener: Int
    /// Whether it speaks proxy protocols and no tunnel's.
    var isProxy: Bool
    var place: Place
}

/// Where a tunnel exit connects to.
struct NextHop {
    var exit: String
    var server: Address
    var place: Place
}

// Which exits may stand where, and that nothing goes round in circles.
extension ConfigurationReader {
    /// Notes that the listener that is being read uses `exit`.
    func noteWay(by exit: String) {
        self.routes[self.routes.count - 1].exits.append(exit)
    }

    /// Notes the fixed target of the listener that is being read.
    func noteTarget(_ target: Address, _ place: Place) {
        self.routes[self.routes.count - 1].target = (target, place)
    }

    func checkMembers() {
        for (name, place) in self.memberReferences {
            switch self.notedExits[name] {
            case .direct, .tunnel: continue
            case .block: self.findings.error(at: place, "\"\(name)\" blocks everything, and so cannot be a member")
            case .group: self.findings.error(at: place, "\"\(name)\" is a group itself")
            case nil:
                if self.exitNames.contains(name) { continue }
                let nearest = Suggestion.nearest(to: name, among: self.exitNames.all)
                self.findings.error(at: place, "there is no exit \"\(name)\"", suggestion: nearest)
            }
        }
    }

    /// Relays lead to tunnels alone, and they alone do without the keys of the next hop.
    func checkKeysOfExits() {
        for (name, place) in self.keyedReferences {
            for (member, kind) in self.ends(of: name) {
                guard case .tunnel(hasKeys: false) = kind else { continue }
                let who = member == name ? "" : ", a member of \"\(name)\","
                self.findings.error(at: place, "\"\(member)\"\(who) has no keys, which only relays do without")
            }
        }
        for (name, place) in self.relayReferences {
            for (member, kind) in self.ends(of: name) {
                if case .tunnel = kind { continue }
                let who = member == name ? "" : ", a member of \"\(name)\","
                self.findings.error(at: place, "\"\(member)\"\(who) is no tunnel, and a relay needs one")
            }
        }
    }

    /// The exit or, for a group, its members.
    private func ends(of name: String) -> [(String, NotedExit)] {
        guard let kind = self.notedExits[name] else { return [] }
        guard case .group(let members) = kind else { return [(name, kind)] }
        return members.compactMap { member in self.notedExits[member].map { (member, $0) } }
    }

    /// Traffic that comes back to where it was would circle until the node is full.
    func checkLoops() {
        var graph = RouteGraph()
        for (index, route) in self.routes.enumerated() {
            for exit in route.exits { graph.connect(.listener(index), .exit(exit)) }
        }
        for (name, kind) in self.notedExits {
            guard case .group(let members) = kind else { continue }
            for member in members { graph.connect(.exit(name), .exit(member)) }
        }
        var ways: [(from: RouteGraph.Vertex, point: ListenPoint, place: Place)] = []
        for hop in self.nextHops {
            guard let point = self.listenPoints.first(where: { $0.isReached(by: hop.server) }) else { continue }
            if point.isProxy {
                self.findings.error(at: hop.place, "is our own \(point.place.path), which is no tunnel listener")
            } else {
                ways.append((.exit(hop.exit), point, hop.place))
            }
        }
        for (index, route) in self.routes.enumerated() {
            // By an exit of another kind the target is another machine's to find.
            guard let target = route.target, route.exits.contains(where: { self.leavesDirectly($0) }),
                let point = self.listenPoints.first(where: { $0.isReached(by: target.address) })
            else { continue }
            ways.append((.listener(index), point, target.place))
        }
        for way in ways { graph.connect(way.from, .listener(way.point.listener)) }
        for way in ways {
            let own = "is our own \(way.point.place.path)"
            if let path = graph.path(from: .listener(way.point.listener), to: way.from) {
                let names = ([way.from] + path).map { self.name(of: $0) }.joined(separator: " → ")
                self.findings.error(at: way.place, "\(own), which leads back here: \(names)")
            } else {
                self.findings.warn(at: way.place, own)
            }
        }
    }

    private func leavesDirectly(_ name: String) -> Bool {
        self.ends(of: name).contains { end in
            if case .direct = end.1 { true } else { false }
        }
    }

    private func name(of vertex: RouteGraph.Vertex) -> String {
        switch vertex {
        case .listener(let index): self.routes[index].name
        case .exit(let name): name
        }
    }
}

extension ListenPoint {
    /// Whether a connection to `server` from this machine comes in here.
    fileprivate func isReached(by server: Address) -> Bool {
        guard server.port == self.address.port else { return false }
        switch server.host {
        case .ip(let ip): return ip == self.address.ip || (ip.isLoopback && self.address.ip.isUnspecified)
        case .name(let name):
            guard name.description.lowercased() == "localhost" else { return false }
            return self.address.ip.isLoopback || self.address.ip.isUnspecified
        }
    }
}
