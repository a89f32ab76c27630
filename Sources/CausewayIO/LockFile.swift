import Glibc

/// A lock that outlives its holder's process and machine: a file, on a file system that all who want it see, with the
/// holder's name in it. Made by link(2), which is one step on NFS too.
public struct LockFile: Sendable {
    public enum Answer: Equatable, Sendable {
        case mine
        case others(String)
    }

    private let path: String

    public init(_ path: String) {
        self.path = path
    }

    /// Takes the lock for `owner`, who may have it already.
    ///
    /// - Parameter owner: a name that can be part of a file's, and no other's.
    public func take(for owner: String) throws(SystemCallError) -> Answer {
        if let holder = try self.holder() { return self.answer(holder, owner) }
        let own = "\(self.path).\(owner)"
        try SmallFile.create("\(owner)\n", at: own)
        let code = link(own, self.path) == 0 ? 0 : errno
        unlink(own)
        // An answer can be lost on NFS, so that the second try finds the first one's file: what is in it tells.
        guard code == 0 || code == EEXIST else { throw SystemCallError(code: code, call: "link") }
        guard let holder = try self.holder() else { return .others("nobody any more") }
        try SmallFile.keepDirectory(of: self.path)
        return self.answer(holder, owner)
    }

    /// Lets go of the lock, where `owner` has it.
    public func release(by owner: String) throws(SystemCallError) {
        if try self.holder() == owner { try SmallFile.remove(self.path) }
    }

    private func answer(_ holder: String, _ owner: String) -> Answer { holder == owner ? .mine : .others(holder) }

    private func holder() throws(SystemCallError) -> String? {
        guard let text = try SmallFile.read(self.path) else { return nil }
        let name = text.prefix { !$0.isNewline }
        return name.isEmpty ? "somebody without a name" : String(name)
    }
}
