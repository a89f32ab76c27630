import CLinux
public import CausewayBytes
import Glibc

/// One end of a connection to another process of ours: messages that stay whole, with descriptors beside their bytes.
/// Blocking, for threads that wait; safe to share, though two that receive get each other's messages.
public final class MessageSocket: Sendable {
    /// Descriptors that one message can pass.
    public static let maximumDescriptors = Int(CLinux_message_descriptors)
    /// Bytes of a message; the kernel takes about twice as many.
    public static let maximumCount = 64 << 10

    public struct Message: Sendable {
        public var bytes: [UInt8]
        public var descriptors: [Descriptor]
    }

    public let descriptor: Descriptor

    public init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
    }

    /// Two ends.
    public static func pair() throws(SystemCallError) -> (MessageSocket, MessageSocket) {
        var ends: [CInt] = [-1, -1]
        _ = try checked("socketpair", CLinux_message_pair(&ends))
        return (MessageSocket(Descriptor(owning: ends[0])), MessageSocket(Descriptor(owning: ends[1])))
    }

    /// Sends a message of at most ``maximumCount`` bytes; the descriptors stay open here as well.
    ///
    /// - Throws: EPIPE where nobody is at the other end any more.
    public func send(_ bytes: [UInt8], passing descriptors: [Descriptor] = []) throws(SystemCallError) {
        let raw = descriptors.map(\.raw)
        let result = withExtendedLifetime(descriptors) {
            CLinux_send_message(self.descriptor.raw, bytes, bytes.count, raw, CInt(raw.count))
        }
        _ = try checked("sendmsg", result)
    }

    /// Waits for a message.
    ///
    /// - Returns: `nil` where nobody is at the other end any more.
    /// - Throws: ETIMEDOUT after `patience`.
    public func receive(within patience: Interval) throws(SystemCallError) -> Message? {
        var bytes = [UInt8](repeating: 0, count: Self.maximumCount)
        var raw = [CInt](repeating: -1, count: Self.maximumDescriptors)
        var count: CInt = 0
        let milliseconds = CInt(clamping: patience.nanoseconds / 1_000_000)
        let result = CLinux_receive_message(self.descriptor.raw, &bytes, bytes.count, &raw, &count, milliseconds)
        let size = Int(try checked("recvmsg", result))
        guard size > 0 else { return nil }
        bytes.removeLast(bytes.count - size)
        return Message(bytes: bytes, descriptors: raw.prefix(Int(count)).map { Descriptor(owning: $0) })
    }
}
