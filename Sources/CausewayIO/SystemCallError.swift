import CLinux
import Glibc

/// A kernel call that failed: which one and with what `errno`.
public struct SystemCallError: Error, Equatable, Sendable, CustomStringConvertible {
    public let code: CInt
    public let call: StaticString

    public init(code: CInt, call: StaticString) {
        self.code = code
        self.call = call
    }

    public static func == (left: SystemCallError, right: SystemCallError) -> Bool { left.code == right.code }

    /// The error in words, such as `Address already in use`.
    public var reason: String { strerror(self.code).map { String(cString: $0) } ?? "error \(self.code)" }

    public var description: String { "\(self.call): \(self.reason)" }

    /// The process or the system has no descriptor or memory left: waiting helps.
    public var isExhaustion: Bool {
        self.code == EMFILE || self.code == ENFILE || self.code == ENOBUFS || self.code == ENOMEM
    }

    /// The kernel cannot do this with such a descriptor; another way may work.
    public var isUnsupported: Bool { self.code == EINVAL || self.code == EOPNOTSUPP || self.code == ENOSYS }
}

/// The value of a C function of ours that returns a negative errno on failure.
func checked<Value: SignedInteger>(_ call: StaticString, _ value: Value) throws(SystemCallError) -> Value {
    if value < 0 { throw SystemCallError(code: CInt(-value), call: call) }
    return value
}

/// What moving bytes over a descriptor gave.
public enum TransferResult: Equatable, Sendable {
    case transferred(Int)
    case wouldBlock
    /// Reading only: the peer has shut down its side.
    case endOfStream
    case failed(SystemCallError)

    /// The result of a read or write function of `CLinux`.
    @inline(__always)
    init(reading value: Int, call: StaticString) {
        if value > 0 {
            self = .transferred(value)
        } else if value == 0 {
            self = .endOfStream
        } else if value == -Int(EAGAIN) {
            self = .wouldBlock
        } else {
            self = .failed(SystemCallError(code: CInt(-value), call: call))
        }
    }

    @inline(__always)
    init(writing value: Int, call: StaticString) {
        if value >= 0 {
            self = .transferred(value)
        } else if value == -Int(EAGAIN) {
            self = .wouldBlock
        } else {
            self = .failed(SystemCallError(code: CInt(-value), call: call))
        }
    }
}
