import Glibc

/// A system call that failed, and why.
public struct SystemCallError: Error, Equatable, CustomStringConvertible {
    /// The value of `errno`.
    public let code: Int32
    /// The name of the call.
    public let call: StaticString

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }

    public var description: String { "\(self.call): \(String(cString: strerror(self.code)))" }
}

/// Gives the result of a call, retried when a signal interrupted it.
@inline(always)
func systemCall<Value: FixedWidthInteger>(_ call: StaticString, _ body: () -> Value) throws(SystemCallError) -> Value {
    while true {
        let value = body()
        if value != -1 { return value }
        let code = errno
        if code != EINTR { throw SystemCallError(code: code, call: call) }
    }
}
