import CausewayBytes
import CausewayCrypto
import CausewayWire
import Yams

/// A text that is not for every eye, and what to call it in a finding.
struct SecretText {
    var text: String
    /// `the key`, or `the key in FILE`.
    var name: String
}

extension Field {
    /// Bytes of a file with keys: eight of 32 bytes take 360.
    private static let maximumFileCount = 4_096

    /// A text that stands here or, for `{ file: PATH }`, in a file of its own, where white space around it is not part
    /// of it. A path that is not absolute is taken from `directory`.
    func secretText(_ name: String, directory: String, files: FileReader) -> SecretText? {
        switch self.node {
        case .scalar: return self.text().map { SecretText(text: $0, name: "the \(name)") }
        case .sequence, .alias: return self.fail("must be a text, or { file: PATH }")
        case .mapping: break
        }
        guard let fields = self.fields("file"), let path = fields.required("file")?.text() else { return nil }
        let resolved = path.hasPrefix("/") || directory.isEmpty ? path : "\(directory)/\(path)"
        switch files.read(resolved, Self.maximumFileCount) {
        case .failure(let error):
            return self.fail("cannot read \(resolved): \(error.reason)")
        case .success(let file):
            if file.isReadableByAll { self.findings.warn(at: self.place, "everybody can read \(resolved)") }
            let trimmed = file.bytes.drop(while: Self.isSpace).reversed().drop(while: Self.isSpace).reversed()
            guard let text = String(validating: trimmed, as: UTF8.self) else {
                return self.fail("\(resolved) is not UTF-8")
            }
            return SecretText(text: text, name: "the \(name) in \(resolved)")
        }
    }

    /// A key of `method`.
    func key(_ method: Method, directory: String, files: FileReader) -> Secret? {
        guard let secret = self.secretText("key", directory: directory, files: files) else { return nil }
        do throws(KeyError) {
            return try method.parseKey(secret.text)
        } catch {
            return self.fail("\(secret.name) \(error)")
        }
    }

    /// A key chain of `method`.
    func keyChain(_ method: Method, directory: String, files: FileReader) -> KeyChain? {
        guard let secret = self.secretText("key chain", directory: directory, files: files) else { return nil }
        do throws(KeyChainError) {
            return try KeyChain(secret.text, method: method)
        } catch {
            return self.fail("\(secret.name): \(error)")
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
