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
    private var list: [Entry] = []

    /// A session as its user's list has it: the loop is what keeps it, and it leaves the list before it goes.
    private struct Entry {
        unowned let session: Session
    }

    var isEmpty: Bool { self.list.isEmpty }

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
        if sessions.isEmpty { self.present[sessions.account.slot] = nil }
    }
}
