import CausewayBytes
import CausewayCore
import CausewayIO
import Glibc
import Synchronization

/// An association as one of its user's.
extension Association {
    /// Bytes that a blind relay passes on at most for somebody who is not answered: it cannot tell a customer from who
    /// plays a recording, and bills neither before there is an answer.
    private static let unansweredAtMost: UInt64 = 64 << 10

    /// Associations of the same user on this node.
    var siblingCount: Int { self.member?.sessions.account.associations ?? 0 }

    /// Takes `count` bytes out of the user's quota and rate and bills them. `false` for a datagram that has to be dropped.
    func charge(_ count: Int, isUp: Bool) -> Bool {
        guard let sessions = self.member?.sessions else { return true }
        let now = self.worker.loop.now
        let account = sessions.account
        if isUp, account.rateUp.delay(now: now) != nil {
            self.dropped()
            return false
        }
        if isUp, let unanswered = self.unanswered, unanswered + UInt64(count) > Self.unansweredAtMost {
            self.dropped()
            return false
        }
        switch sessions.take(count, on: self.worker.datagrams) {
        case .taken: break
        case .tooMany:
            self.dropped()
            return false
        case .exhausted:
            self.dropped()
            self.worker.shared.loops.cut(account)
            self.worker.cut(account)
            return false
        }
        if isUp {
            account.rateUp.charge(count, now: now)
            if let unanswered = self.unanswered {
                self.unanswered = unanswered + UInt64(count)
            } else {
                sessions.up.add(UInt64(count))
            }
        } else {
            account.rateDown.charge(count, now: now)
            if let unanswered = self.unanswered {
                sessions.up.add(unanswered)
                self.unanswered = nil
            }
            sessions.down.add(UInt64(count))
        }
        return true
    }

    /// What was billed has not been sent.
    func giveBack(_ count: Int, isUp: Bool) {
        guard let sessions = self.member?.sessions else { return }
        sessions.account.quota.add(Int64(count))
        if !isUp {
            sessions.down.subtract(UInt64(count))
        } else if let unanswered = self.unanswered {
            self.unanswered = unanswered - min(unanswered, UInt64(count))
        } else {
            sessions.up.subtract(UInt64(count))
        }
    }

    /// The association ends: what nobody has answered was not billed, and goes back to the user.
    func leaveUser() {
        guard let sessions = self.member?.sessions else { return }
        if let unanswered = self.unanswered, unanswered > 0 {
            sessions.account.noteUnanswered(unanswered)
            sessions.account.quota.add(Int64(clamping: unanswered))
        }
        self.worker.users.leave(self)
    }

    /// Ends the association because its user may have none any more; `nil` where it is the key that was withdrawn.
    func cutOff(_ denial: Denial?) {
        self.worker.note(.userCut, denial?.rawValue ?? "key withdrawn", at: self.listener.name) {
            self.worker.shared.loggedAddresses.facts(client: self.source, destination: nil)
        }
        self.end()
    }

    /// From now on answers go to `customer`, unless that is one device too many of its user's.
    func follow(to customer: Customer, from present: inout Customer) -> Bool {
        if customer.isSame(as: present) { return true }
        let source = customer.address
        if source.ip != self.source.ip, let account = self.member?.sessions.account,
            let denial = account.admit(from: source.ip, now: self.worker.loop.now)
        {
            self.worker.refuse(denial, from: source, at: self.listener)
            self.counters.countDropped()
            return false
        }
        self.source = source
        present = customer
        return true
    }
}

extension Worker {
    /// Makes an association, one of the user's with `credential`; `nil` where there must be none, and the datagram that
    /// asked for it is dropped.
    ///
    /// - Parameter isProvisional: what goes up is billed once there is an answer.
    func association(
        from source: SocketAddress,
        at listener: Listener,
        by way: Exit?,
        for credential: UserDirectory.Credential?,
        isProvisional: Bool = false
    ) -> Association? {
        guard !self.isDraining, self.makeRoom(at: listener) else { return nil }
        let association = Association(from: source, at: listener, by: way, on: self)
        guard let credential else { return association }
        guard let account = self.users.account(credential.slot) else { return nil }
        if let denial = self.shared.isClosedToUsers ? .ledger : account.admit(from: source.ip, now: self.loop.now) {
            self.refuse(denial, from: source, at: listener)
            return nil
        }
        self.users.join(association, account, by: credential, loop: self.number)
        if isProvisional { association.unanswered = 0 }
        if account.associations > self.shared.associationLimit {
            association.member?.sessions.oldestAssociation(but: association)?.end()
        }
        return association
    }

    /// A place for one more, if need be that of another: among those that count as sessions, and among all of the loop,
    /// with those that are only remembered.
    private func makeRoom(at listener: Listener) -> Bool {
        let limit = self.shared.sessionLimit
        let mostHere = max(2 * (limit / self.shared.limits.loops), 64)
        guard self.shared.sessionCount.load(ordering: .relaxed) >= limit || self.datagrams.all.count >= mostHere else {
            return true
        }
        self.note(.associationEvicted, "the limit of sessions is reached", at: listener.name)
        guard let victim = self.datagrams.victim(random: self.random) else { return false }
        victim.end()
        return true
    }

    func refuse(_ denial: Denial, from source: SocketAddress, at listener: Listener) {
        self.shared.denials.count(denial)
        self.note(.userRefused, denial.rawValue, at: listener.name) {
            self.shared.loggedAddresses.facts(client: source, destination: nil)
        }
    }
}

extension SystemCallError {
    /// The datagram does not fit the path.
    var isTooLarge: Bool { self.code == EMSGSIZE }
    /// Nobody listens at the other end, or there is no way to it.
    var isRefusal: Bool { self.code == ECONNREFUSED || self.code == EHOSTUNREACH || self.code == ENETUNREACH }
}
