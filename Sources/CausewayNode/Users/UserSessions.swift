import CausewayBytes
import CausewayCore
import CausewayIO

/// The sessions that one user has on one loop.
final class UserSessions {
    /// A session's place among its user's.
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
    private(set) var all: [Session] = []

    init(_ account: UserAccount, loop: Int) {
        self.account = account
        self.up = account.usage.up(loop)
        self.down = account.usage.down(loop)
    }

    func add(_ session: Session, by credential: UserDirectory.Credential) {
        let place = UInt8(truncatingIfNeeded: credential.place)
        session.member = Member(sessions: self, credential: place, index: self.all.count)
        self.all.append(session)
    }

    func remove(_ session: Session) {
        guard let index = session.member?.index else { return }
        session.member = nil
        let last = self.all.removeLast()
        guard last !== session else { return }
        last.member?.index = index
        self.all[index] = last
    }
}

/// The users of one loop: all accounts by their slots, and who has sessions.
final class LoopUsers {
    private var accounts: [UserAccount?] = []
    /// By slot; those without sessions are not there.
    private(set) var present: [Int: UserSessions] = [:]

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
    }

    func leave(_ session: Session) {
        guard let sessions = session.member?.sessions else { return }
        sessions.remove(session)
        if sessions.all.isEmpty { self.present[sessions.account.slot] = nil }
    }
}
