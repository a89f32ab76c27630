import CausewayBytes
import CausewayCore

/// How a session can still leave another way: by the next member of its group, or over a fresh socket where a warm one
/// turns out to be dead. There until the first byte of an answer has come.
///
/// A class, as only sessions of groups and of exits with warm sockets have one, and those only at their beginning.
final class Route {
    let group: ExitGroup?
    /// The target; `nil` at a blind relay, which does not know it.
    let target: Address?
    /// What the `hash` policy goes by.
    let key: UInt64
    var member: GroupMember?
    var tried = MemberSet()
    /// The far leg is a socket that was connected beforehand.
    var isWarm = false
    /// A warm socket has failed: the next one is to be fresh.
    var avoidsWarm = false
    let sent = SentBytes()
    /// While it is being found out whether the exit is still there, and then everything waits.
    var inquiry: ExitInquiry?
    /// How often the answer was looked for in vain.
    var rounds = 0

    init(group: ExitGroup?, target: Address?, key: UInt64) {
        self.group = group
        self.target = target
        self.key = key
    }
}
