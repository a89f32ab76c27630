/// How much a node says in its log.
public struct LogSetting: Codable, Equatable, Sendable {
    /// The least severe event that is written, by the word that the configuration has for it.
    public var level: String

    private enum CodingKeys: CodingKey {
        case level
    }

    public init(level: String) {
        self.level = level
    }

    public init(from decoder: any Decoder) throws {
        self.level = try decoder.knownFields(CodingKeys.self).decode(String.self, forKey: .level)
    }
}
