/// What stops a test before its verdict: a process that does not start, a socket that hangs.
public struct TestFailure: Error, CustomStringConvertible, Sendable {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
