import CausewayBytes
import CausewayCore
import CausewayCrypto

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
        self.checkMembers()
        self.checkKeysOfExits()
        self.checkLoops()
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
        let points = self.listenPoints.map { (address: $0.address, place: $0.place) }
        for point in points + (self.adminPoint.map { [$0] } ?? []) {
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
        self.checkNextKeys()
    }

    /// A relay may know another listener's key, where it leads to it; but a user's names the user.
    private func checkNextKeys() {
        let users = Dictionary(self.userKeys.map { ($0.key.withBytes { Array($0) }, $0.name) }) { first, _ in first }
        for (key, _, place) in self.nextKeys {
            guard let user = users[key.withBytes { Array($0) }] else { continue }
            self.findings.error(at: place, "is the same key as that of user \"\(user)\"")
        }
    }

    private func checkUserDemands() {
        let keyCounts = self.userDemands.compactMap(\.keyCount)
        for demand in self.userDemands {
            if !self.hasUsers {
                if self.hasLedger { continue }
                self.findings.error(at: demand.place, "there are no users, and no ledger that could have some")
            } else if let keyCount = demand.keyCount {
                if let first = keyCounts.first, first != keyCount {
                    let reason = "wants keys of \(keyCount) bytes, and another listener with users keys of \(first)"
                    self.findings.error(at: demand.place, reason)
                } else if self.userKeys.isEmpty, !self.hasLedger, !self.findings.hasErrors {
                    self.findings.error(at: demand.place, "no user has a key")
                }
            } else if !self.hasLedger, !self.findings.hasErrors, self.users.allSatisfy({ $0.password == nil }) {
                self.findings.error(at: demand.place, "no user has a password")
            }
        }
        if !self.hasLedger, self.users.contains(where: { $0.plan.quota != nil || $0.plan.cycle != .none }) {
            let reason = "what users have used is forgotten when the node ends: \"ledger\" names a place to keep it"
            self.findings.warn(at: Place(path: "users", line: nil), reason)
        }
        if self.userDemands.isEmpty, self.hasUsers, !self.findings.hasErrors {
            self.findings.warn(at: Place(path: "users", line: nil), "no listener asks for users")
        }
    }
}
