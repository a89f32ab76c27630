import CLinux

/// What epoll says of a descriptor.
public struct ReadyEvents: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let readable = ReadyEvents(rawValue: EPOLLIN.rawValue)
    public static let writable = ReadyEvents(rawValue: EPOLLOUT.rawValue)
    /// The peer has shut down its side: after what waits, reading gives the end of the stream.
    public static let readHangUp = ReadyEvents(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions are shut down.
    public static let hangUp = ReadyEvents(rawValue: EPOLLHUP.rawValue)
    public static let error = ReadyEvents(rawValue: EPOLLERR.rawValue)

    /// What a session's socket is registered for, once and for all its life.
    public static let stream: ReadyEvents = [.readable, .writable, .readHangUp]
}
