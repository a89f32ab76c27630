public import CausewayBytes

extension Host {
    /// Whether the name is none of a machine but asks the far end to speak a protocol of its own inside the session
    /// (`sp.mux.sing-box.arpa`, `sp.v2.udp-over-tcp.arpa` and their relatives).
    ///
    /// Such a session must be refused at once where the protocol is not spoken: resolving the name would only tell a
    /// resolver about it, and the application would wait for an answer that cannot come.
    public var isProtocolMarker: Bool {
        guard case .name(let name) = self else { return false }
        var bytes = name.bytes[...]
        if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        return Self.markerZones.contains { zone in
            guard bytes.count >= zone.count, ASCII.matches(bytes.suffix(zone.count), zone) else { return false }
            let rest = bytes.dropLast(zone.count)
            return rest.isEmpty || rest.last == UInt8(ascii: ".")
        }
    }

    private static let markerZones = [Array("sing-box.arpa".utf8), Array("udp-over-tcp.arpa".utf8)]
}
