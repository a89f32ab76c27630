public import CausewayBytes

/// Methods of HTTP that are idempotent (RFC 9110 section 9.2.2), each with the space behind it.
private let idempotentMethods = ["GET ", "HEAD ", "OPTIONS ", "TRACE ", "PUT ", "DELETE "]

/// Whether bytes that one exit was sent may be sent again through another when no byte of an answer has come.
///
/// The first exit may have brought them to their target before it failed. That does no harm to a TLS or SSH handshake,
/// and none to an idempotent request; but what looks like any other request of plain HTTP must not be made twice.
public func mayBeRepeated(_ payload: ByteRegion) -> Bool {
    guard let end = endOfMethod(payload) else { return true }
    return idempotentMethods.contains { method in
        let bytes = method.utf8
        return bytes.count == end && bytes.enumerated().allSatisfy { payload[$0.offset] == $0.element }
    }
}

/// Bytes of a method and the space behind it, where `payload` begins like a request of plain HTTP: up to 20 capital
/// letters, a space, and then a target in origin, absolute or asterisk form, or an authority.
private func endOfMethod(_ payload: ByteRegion) -> Int? {
    var count = 0
    while count < payload.count, count <= 20, (0x41...0x5a).contains(payload[count]) { count += 1 }
    guard (3...20).contains(count), count + 1 < payload.count, payload[count] == 0x20 else { return nil }
    let next = payload[count + 1]
    // '/', '*', '[', a digit or a letter.
    let isSign = next == 0x2f || next == 0x2a || next == 0x5b
    let isTarget = isSign || (0x30...0x39).contains(next) || (0x61...0x7a).contains(next | 0x20)
    return isTarget ? count + 1 : nil
}
