import CLinux
import Glibc

/// A program to be started as nobody's child: a service manager adopts it, and may make it the main process.
public struct DetachedProgram: Sendable {
    /// The descriptor that the program is given.
    public static let descriptor: CInt = 3

    /// The file of the program.
    public var path: String
    /// With the program's own name as the first.
    public var arguments: [String]
    /// `NAME=value` each.
    public var environment: [String]

    public init(path: String, arguments: [String], environment: [String]) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// Starts it with `descriptor` as its descriptor number ``descriptor``.
    ///
    /// - Throws: what the kernel says of the program, or of starting any.
    public func start(with descriptor: Descriptor) throws(SystemCallError) {
        let result = Self.withPointers(self.arguments) { arguments in
            Self.withPointers(self.environment) { environment in
                CLinux_spawn_detached(self.path, arguments, environment, descriptor.raw)
            }
        }
        _ = try checked("execve", result)
    }

    private static func withPointers<Value>(
        _ strings: [String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return body(&pointers)
    }
}
