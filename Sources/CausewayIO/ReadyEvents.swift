/// What epoll says of a descriptor.
///
/// The values are those of `EPOLLIN` and so on, epoll_ctl(2); as constants that the compiler sees from every target, they
/// cost nothing where a session asks for them.
public struct ReadyEvents: OptionSet, Sendable {
    public let rawValue: UInt32

    @inlinable public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    @inlinable public static var readable: ReadyEvents { ReadyEvents(rawValue: 0x1) }
    @inlinable public static var writable: ReadyEvents { ReadyEvents(rawValue: 0x4) }
    @inlinable public static var error: ReadyEvents { ReadyEvents(rawValue: 0x8) }
    /// Both directions are shut down.
    @inlinable public static var hangUp: ReadyEvents { ReadyEvents(rawValue: 0x10) }
    /// The peer has shut down its side: after what waits, reading gives the end of the stream.
    @inlinable public static var readHangUp: ReadyEvents { ReadyEvents(rawValue: 0x2000) }

    /// What a session's socket is registered for, once and for all its life.
    @inlinable public static var stream: ReadyEvents { [.readable, .writable, .readHangUp] }
}
