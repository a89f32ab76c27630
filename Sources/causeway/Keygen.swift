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
        // getrandom(2) beneath: it waits for the system's pool to be seeded, and cannot run dry.
        var source = SystemRandomNumberGenerator()
        for _ in 0..<self.count { print(Self.key(self.method, from: &source)) }
    }

    /// A key in base64.
    static func key(_ method: Method, from source: inout some RandomNumberGenerator) -> String {
        Base64.encode((0..<method.keyCount).map { _ in UInt8.random(in: .min ... .max, using: &source) })
    }

    private static func method(named name: String) throws -> Method {
        if let method = Method(rawValue: name) { return method }
        throw ValidationError("There is no method \"\(name)\".")
    }
}
