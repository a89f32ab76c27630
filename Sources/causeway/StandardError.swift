import Glibc

/// Standard error, unbuffered.
enum StandardError {
    /// Writes all of `text` in one call where the system takes it in one, so that lines of several threads do not mix.
    /// What cannot be written is lost: there is nowhere left to say so.
    static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
