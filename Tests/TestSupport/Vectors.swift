import Foundation

/// The published vectors that the tests run, as decoded JSON.
public enum Vectors {
    /// The file `name`.json of `Tests/TestSupport/Vectors`.
    public static func load<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        guard let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Vectors") else {
            throw CocoaError(.fileNoSuchFile)
        }
        return try JSONDecoder().decode(type, from: Data(contentsOf: url))
    }
}
