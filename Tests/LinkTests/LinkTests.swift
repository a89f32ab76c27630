import TestSupport
import Testing

/// The product on the link that it is made for: 150 ms there and back.
@Suite(
    .serialized,
    .enabled(if: Link.isPossible, "NO NETWORK NAMESPACES HERE, and so no test on a long link: they want root and TUN")
)
struct LinkTests {}
