import ArgumentParser
import CausewayBytes

/// `--deadline` of commands that let sessions come to their end.
enum DeadlineOption {
    static func validate(_ deadline: String?) throws {
        if let deadline, Interval(deadline) == nil {
            throw ValidationError("--deadline is not a time such as \"30 s\" or \"5 min\".")
        }
    }

    /// What follows the path of a request; nothing where no deadline is given.
    static func query(_ deadline: String?) -> String {
        guard let interval = deadline.flatMap({ Interval($0) }) else { return "" }
        // Rounded up, and without a sum that the longest interval would overflow.
        let seconds = interval.nanoseconds / 1_000_000_000 + (interval.nanoseconds % 1_000_000_000 > 0 ? 1 : 0)
        return "?deadline=\(seconds)"
    }
}
