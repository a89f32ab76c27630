/// A program run to its end.
public struct Command: Sendable {
    public let status: ExitStatus
    public let output: [UInt8]
    public let errorText: String

    /// Runs `arguments[0]`, found in PATH; throws when it does not end within `seconds`.
    public static func run(
        _ arguments: [String],
        input: String = "/dev/null",
        environment: [String: String] = [:],
        within seconds: Double = 60
    ) throws -> Command {
        let child = try ChildProcess(arguments, input: input, environment: environment)
        let status = try child.waitForExit(within: seconds)
        return Command(status: status, output: child.output, errorText: child.errorText)
    }

    public var succeeded: Bool { self.status == .exited(0) }

    public var outputText: String { String(decoding: self.output, as: UTF8.self) }
}
