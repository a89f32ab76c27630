import CausewayBytes
import CausewayCrypto

/// An address that a listener takes, and where its traffic goes.
struct ListenPoint {
    var address: SocketAddress
    var exit: String?
    var isTunnel: Bool
    var place: Place
}

/// Where a tunnel exit connects to.
struct NextHop {
    var exit: String
    var server: Address
    var place: Place
}

/// A listener that asks for users: by keys of a length or, where that is `nil`, by passwords.
struct UserDemand {
    var listener: String
    var keyCount: Int?
    var place: Place
}

// What no section can see alone.
extension ConfigurationReader {
    func checkAcross() {
        self.checkExitReferences()
        self.checkListenAddresses()
        self.checkNextHops()
        self.checkKeys()
        self.checkUserDemands()
    }

    private func checkExitReferences() {
        for (name, place) in self.exitReferences where !self.exitNames.contains(name) {
            let nearest = Suggestion.nearest(to: name, among: self.exitNames.all)
            self.findings.error(at: place, "there is no exit \"\(name)\"", suggestion: nearest)
        }
    }

    /// Sockets that share a port are how loops share a listener, so the system would not refuse a second listener at
    /// the same address: it would deal connections to both.
    private func checkListenAddresses() {
        var taken: [SocketAddress: Place] = [:]
        for point in self.listenPoints {
            // `[::]` takes both families, so beside it there is no room for `0.0.0.0`.
            var address = point.address
            if address.ip == .v4(0) { address.ip = .v6(high: 0, low: 0) }
            if let first = taken[address] {
                self.findings.error(at: point.place, "\(point.address) is taken by \(first.path)")
            } else {
                taken[address] = point.place
            }
        }
    }

    /// An exit to one of our own listeners goes round in circles, or leads to another of our exits by a detour.
    private func checkNextHops() {
        let ways = self.nextHops.map { hop in
            (hop: hop, point: self.listenPoints.first { $0.isReached(by: hop.server) })
        }
        for (hop, point) in ways {
            guard let point else { continue }
            if !point.isTunnel {
                self.findings.error(at: hop.place, "is our own \(point.place.path), which is no tunnel listener")
            } else if self.leadsBack(to: hop.exit, from: point, ways: ways) {
                self.findings.error(at: hop.place, "is our own \(point.place.path), which leads back to this exit")
            } else {
                self.findings.warn(at: hop.place, "is our own \(point.place.path)")
            }
        }
    }

    /// Whether traffic that comes in at `start` ever leaves by `exit`.
    private func leadsBack(
        to exit: String,
        from start: ListenPoint,
        ways: [(hop: NextHop, point: ListenPoint?)]
    ) -> Bool {
        var next = start.exit
        var seen: Set<String> = []
        while let name = next, seen.insert(name).inserted {
            if name == exit { return true }
            next = ways.first { $0.hop.exit == name }?.point?.exit
        }
        return false
    }

    /// Two equal keys on one node: the holder of the one could stand in for the other, and a request to the one could
    /// be replayed to the other.
    private func checkKeys() {
        var owners: [[UInt8]: String] = [:]
        func check(_ keys: [(key: Secret, name: String, place: Place)], _ kind: String) {
            for (key, name, place) in keys {
                let bytes = key.withBytes { Array($0) }
                if let owner = owners[bytes] {
                    self.findings.error(at: place, "is the same key as that of \(owner)")
                } else {
                    owners[bytes] = "\(kind) \"\(name)\""
                }
            }
        }
        check(self.listenerKeys, "listener")
        check(self.userKeys, "user")
    }

    private func checkUserDemands() {
        let keyCounts = self.userDemands.compactMap(\.keyCount)
        for demand in self.userDemands {
            if !self.hasUsers {
                self.findings.error(at: demand.place, "there are no users")
            } else if let keyCount = demand.keyCount {
                if let first = keyCounts.first, first != keyCount {
                    let reason = "wants keys of \(keyCount) bytes, and another listener with users keys of \(first)"
                    self.findings.error(at: demand.place, reason)
                } else if self.userKeys.isEmpty, !self.findings.hasErrors {
                    self.findings.error(at: demand.place, "no user has a key")
                }
            } else if !self.findings.hasErrors, self.users.allSatisfy({ $0.password == nil }) {
                self.findings.error(at: demand.place, "no user has a password")
            }
        }
        if self.userDemands.isEmpty, self.hasUsers, !self.findings.hasErrors {
            self.findings.warn(at: Place(path: "users", line: nil), "no listener asks for users")
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
