import CausewayAdmin
import CausewayBytes
import CausewayConfig
import CausewayCore
import CausewayCrypto
import CausewayIO

/// What lets one machine of a fleet reboot at a time.
struct RebootLock {
    let kind: RebootGuardConfiguration.Lock
    let owner: String

    /// Asks for the lock, which this machine may have already.
    func take() -> RebootGuard.LockAnswer {
        switch self.kind {
        case .file(let path):
            do throws(SystemCallError) {
                switch try LockFile(path).take(for: self.owner) {
                case .mine: return .mine
                case .others(let name): return .others(name)
                }
            } catch {
                return .failed("\(path): \(error.reason)")
            }
        case .http(let url, _):
            do throws(AdminError) {
                switch try self.client(url).take() {
                case .mine: return .mine
                case .others(let name): return .others(name)
                }
            } catch {
                return .failed(error.description)
            }
        }
    }

    /// Lets go of it; what went wrong, or `nil`.
    func release() -> String? {
        switch self.kind {
        case .file(let path):
            do throws(SystemCallError) {
                try LockFile(path).release(by: self.owner)
                return nil
            } catch {
                return "\(path): \(error.reason)"
            }
        case .http(let url, _):
            do throws(AdminError) {
                try self.client(url).release()
                return nil
            } catch {
                return error.description
            }
        }
    }

    private func client(_ url: CheckURL) -> LockClient {
        var token: String?
        if case .http(_, let secret?) = self.kind { token = secret.withBytes { String(decoding: $0, as: UTF8.self) } }
        return LockClient(url.target, path: url.path, token: token, owner: self.owner)
    }
}
