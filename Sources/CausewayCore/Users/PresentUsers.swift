import Synchronization

/// Who has had a session or an association lately, so that whoever looks after users every second need look at no
/// others, be they a hundred thousand.
///
/// The loops note a user who comes; who goes is found at the next look. A user whose sessions are short is so noted
/// once a look, and not once a session.
public final class PresentUsers: Sendable {
    private let noted = Mutex<[UserAccount]>([])

    public init() {}

    /// Notes a user, after its session or association was counted.
    public func note(_ account: UserAccount) {
        guard account.isToBeNoted() else { return }
        self.noted.withLock { $0.append(account) }
    }

    /// Whoever has been present since the last look, each once; afterwards those are kept who still are. One thread looks
    /// at a time, and no loop waits for it.
    public func look() -> [UserAccount] {
        let all = self.noted.withLock { noted in
            defer { noted = [] }
            return noted
        }
        let kept = all.filter { account in
            // In this order: who comes from now on is noted anew, and who came before is seen here.
            account.isToBeNotedAgain()
            return account.isPresent && account.isToBeNoted()
        }
        self.noted.withLock { $0 += kept }
        return all
    }
}
