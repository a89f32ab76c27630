import TestSupport
import Testing

/// The built binary with real clients and targets. One test at a time: each of them can fill two cores by itself.
@Suite(.serialized)
struct EndToEnd {}
