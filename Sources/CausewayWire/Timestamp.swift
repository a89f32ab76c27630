/// Whole seconds of wall-clock time since 1970, as they stand in headers.
public typealias UnixSeconds = UInt64

/// How far a header's time may lie from ours, in seconds, both ends included (SIP022 section 3.1.3).
public let maximumTimeDifference: UInt64 = 30

/// Whether `timestamp` is near enough to `now`. Unsigned throughout, so that no value wraps into acceptance.
func isFresh(_ timestamp: UnixSeconds, now: UnixSeconds) -> Bool {
    (timestamp > now ? timestamp - now : now - timestamp) <= maximumTimeDifference
}
