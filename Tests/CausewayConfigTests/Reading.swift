import CausewayBytes
import CausewayCrypto

@testable import CausewayConfig

/// A key of `count` bytes, all `byte`, as text.
func key(_ byte: UInt8, _ count: Int = 16) -> String {
    Base64.encode([UInt8](repeating: byte, count: count))
}

/// The key that `key` writes.
func secret(_ byte: UInt8, _ count: Int = 16) -> Secret {
    Secret([UInt8](repeating: byte, count: count))
}

/// A file system of these files; nobody but their owner can read them, unless they are named in `open`.
func files(_ contents: [String: String], open: Set<String> = []) -> FileReader {
    FileReader { path, maximumCount in
        guard let text = contents[path] else { return .failure(FileError(reason: "No such file or directory")) }
        guard text.utf8.count <= maximumCount else { return .failure(FileError(reason: "is too long")) }
        return .success(FoundFile(bytes: Array(text.utf8), isReadableByAll: open.contains(path)))
    }
}

/// What is wrong with `text`, a line each, as it is printed; empty when nothing is.
func findings(_ text: String, files: FileReader = files([:]), directory: String = "") -> [String] {
    do throws(ConfigurationError) {
        let configuration = try Configuration.parse(text, file: "f", files: files, directory: directory)
        return configuration.warnings.map(\.description)
    } catch {
        return error.diagnostics.map(\.description)
    }
}

/// A listener and an exit that are right, for tests of something else.
let minimalListener = #"listeners: [{ name: l, type: mixed, address: "127.0.0.1:1080", exit: e }]"#
let minimalExit = "exits: [{ name: e, type: block }]"
/// SHA-256 of nothing.
let tokenDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
let minimal = minimalListener + "\n" + minimalExit + "\n"
