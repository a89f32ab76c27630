import Foundation

/// What `causeway user show --json` says.
struct UserShown: Decodable {
    var state: String
    var used: Int
    var left: Int?
    var connections: Int
    /// Seconds since 1970.
    var expires: Int64?

    init(_ output: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(output))
    }
}
