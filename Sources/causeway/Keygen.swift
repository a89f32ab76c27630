import ArgumentParser
import CausewayBytes
import CausewayWire

/// `causeway keygen`: prints new keys.
struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print new random keys, one a line.",
        discussion: "A key is as long as its method wants it, from the system's source of randomness, in base64."
    )

    @Argument(
        help: "The method: \(Method.allCases.map(\.rawValue).joined(separator: ", ")).",
        completion: .list(Method.allCases.map(\.rawValue)),
        transform: Self.method(named:)
    )
    var method = Method.standard

    @Option(help: "How many.")
    var count = 1

    func validate() throws {
        guard (1...100_000).contains(self.count) else { throw ValidationError("--count is not from 1 to 100000.") }
    }

    func run() {
        for _ in 0..<self.count { print(Self.key(self.method)) }
    }

    /// A key in base64, from getrandom(2), which waits for the system's pool to be seeded and cannot run dry.
    ///
    /// The system's generator is not passed along: ThreadSanitizer (Swift 6.3) crashes on an `inout` of that empty type.
    static func key(_ method: Method) -> String {
        Base64.encode((0..<method.keyCount).map { _ in UInt8.random(in: .min ... .max) })
    }

    private static func method(named name: String) throws -> Method {
        if let method = Method(rawValue: name) { return method }
        throw ValidationError("There is no method \"\(name)\".")
    }
}
