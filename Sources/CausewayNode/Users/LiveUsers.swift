import Synchronization

/// Who looks after the users, from the moment on when there are some to look after.
final class LiveUsers: Sendable {
    private let present = Mutex<UserService?>(nil)

    var service: UserService? {
        get { self.present.withLock { $0 } }
        set { self.present.withLock { $0 = newValue } }
    }
}
