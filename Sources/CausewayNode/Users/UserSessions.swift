import CausewayBytes
import CausewayCore
import CausewayIO

/// The sessions and associations that one user has on one loop.
final class UserSessions {
    /// A session's place among its user's, or an association's.
    struct Member {
        let sessions: UserSessions
        /// What the session was opened with, among the user's credentials.
        let credential: UInt8
        fileprivate(set) var index: Int

        /// Whether the user still has the credential.
        var isGood: Bool { self.sessions.account.credentials & 1 << self.credential != 0 }
    }

    let account: UserAccount
    let up: ByteCounter
    let down: ByteCounter
    private var list: [Entry] = []

    /// A session as its user's list has it: the loop is what keeps it, and it leaves the list before it goes.
    private struct Entry {
        unowned let session: Session
    }

    private var associationList: [AssociationEntry] = []

    /// An association as its user's list has it: the desk is what keeps it, and it leaves the list before it goes.
    private struct AssociationEntry {
        unowned let association: Association
    }

    /// The associations as they are now.
    var associations: [Association] { self.associationList.map(\.association) }

    /// Bytes that are on lease for datagrams in this turn, and those of them that were used.
    private var leased = 0
    private var used = 0

    var isEmpty: Bool { self.list.isEmpty && self.associationList.isEmpty }

    /// The sessions as they are now, so that they may end while somebody goes through them.
    var all: [Session] { self.list.map(\.session) }

    init(_ account: UserAccount, loop: Int) {
        self.account = account
        self.up = account.usage.up(loop)
        self.down = account.usage.down(loop)
    }

    func add(_ session: Session, by credential: UserDirectory.Credential) {
        let place = UInt8(truncatingIfNeeded: credential.place)
        session.member = Member(sessions: self, credential: place, index: self.list.count)
        self.list.append(Entry(session: session))
    }

    func remove(_ session: Session) {
        guard let index = session.member?.index else { return }
        session.member = nil
        let last = self.list.removeLast()
        guard last.session !== session else { return }
        last.session.member?.index = index
        self.list[index] = last
    }
}

// MARK: - Associations

extension UserSessions {
    func add(_ association: Association, by credential: UserDirectory.Credential) {
        let place = UInt8(truncatingIfNeeded: credential.place)
        association.member = Member(sessions: self, credential: place, index: self.associationList.count)
        self.associationList.append(AssociationEntry(association: association))
        self.account.countAssociations(1)
    }

    func remove(_ association: Association) {
        guard let index = association.member?.index else { return }
        association.member = nil
        self.account.countAssociations(-1)
        let last = self.associationList.removeLast()
        guard last.association !== association else { return }
        last.association.member?.index = index
        self.associationList[index] = last
    }

    /// The one that has been silent for longest, of those but `newest`.
    func oldestAssociation(but newest: Association) -> Association? {
        self.associations.filter { $0 !== newest }.min { $0.lastActivity < $1.lastActivity }
    }

    /// What asking for a datagram's bytes gives.
    enum Taking {
        case taken
        /// More than is left, or than is left while other loops have some on lease.
        case tooMany
        case exhausted
    }

    /// Takes `count` bytes out of the quota, never more than there are. What a lease has beyond them serves the datagrams
    /// of the same turn, at the end of which ``endLease()`` is called.
    func take(_ count: Int, on desk: DatagramDesk) -> Taking {
        if self.leased - self.used < count {
            if self.leased > 0 { self.renewLease() } else { desk.noteLease(of: self) }
            switch self.account.quota.lease() {
            case .granted(let bytes): self.leased = bytes
            case .contended: return .tooMany
            case .exhausted: return .exhausted
            }
            guard self.leased >= count else { return .tooMany }
        }
        self.used += count
        return .taken
    }

    func endLease() {
        if self.leased > 0 { self.renewLease() }
    }

    private func renewLease() {
        self.account.quota.end(self.leased, used: self.used)
        (self.leased, self.used) = (0, 0)
    }
}

/// The users of one loop: all accounts by their slots, and who has sessions.
final class LoopUsers {
    private var accounts: [UserAccount?] = []
    /// By slot; those without sessions and associations are not there.
    private(set) var present: [Int: UserSessions] = [:]
    /// Those of all loops.
    private let presentUsers: PresentUsers

    init(noting presentUsers: PresentUsers) {
        self.presentUsers = presentUsers
    }

    func set(_ accounts: [UserAccount]) {
        for account in accounts {
            while self.accounts.count <= account.slot { self.accounts.append(nil) }
            self.accounts[account.slot] = account
        }
    }

    /// The account in a slot that an identity has named.
    func account(_ slot: Int) -> UserAccount? {
        self.accounts.indices.contains(slot) ? self.accounts[slot] : nil
    }

    func join(_ session: Session, _ account: UserAccount, by credential: UserDirectory.Credential, loop: Int) {
        let sessions = self.present[account.slot] ?? UserSessions(account, loop: loop)
        self.present[account.slot] = sessions
        sessions.add(session, by: credential)
        self.presentUsers.note(account)
    }

    func leave(_ session: Session) {
        guard let sessions = session.member?.sessions else { return }
        sessions.remove(session)
        self.forget(sessions)
    }

    func join(_ association: Association, _ account: UserAccount, by credential: UserDirectory.Credential, loop: Int) {
        let sessions = self.present[account.slot] ?? UserSessions(account, loop: loop)
        self.present[account.slot] = sessions
        sessions.add(association, by: credential)
        self.presentUsers.note(account)
    }

    func leave(_ association: Association) {
        guard let sessions = association.member?.sessions else { return }
        sessions.remove(association)
        self.forget(sessions)
    }

    private func forget(_ sessions: UserSessions) {
        if sessions.isEmpty { self.present[sessions.account.slot] = nil }
    }
}
