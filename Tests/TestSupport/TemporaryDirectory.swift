import Foundation

/// A directory of one test, removed with everything in it when the test lets go of it.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/causeway-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { template in template.baseAddress.flatMap(mkdtemp) != nil }
        guard made else { throw TestFailure("no temporary directory: \(String(cString: strerror(errno)))") }
        self.path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    /// The path of `name` in the directory.
    public func file(_ name: String) -> String { "\(self.path)/\(name)" }

    /// Writes `text` to `name` and returns its path.
    @discardableResult
    public func write(_ text: String, to name: String, mode: UInt32 = 0o644) throws -> String {
        let path = self.file(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        chmod(path, mode)
        return path
    }

    /// Writes `bytes` to `name`, over what is there, and returns its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let path = self.file(name)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }
}
