extension Decoder {
    /// The fields of an object that has none but those of `Key`: what would be left out of account in silence is an
    /// error instead.
    func knownFields<Key: CodingKey>(_ type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        let all = try self.container(keyedBy: AnyKey.self)
        for key in all.allKeys where Key(stringValue: key.stringValue) == nil {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [key], debugDescription: "unknown field \"\(key.stringValue)\"")
            )
        }
        return try self.container(keyedBy: type)
    }
}

/// A field of whatever name.
private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
