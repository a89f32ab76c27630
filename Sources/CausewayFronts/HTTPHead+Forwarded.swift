extension HTTPHead {
    /// The head as the origin gets it: origin-form, `Host` as the target says, none of the fields that belong to this
    /// connection, and `Connection: close`, so that the next request, which may name another host, comes anew.
    ///
    /// The version stays the client's: the answer is passed on unread, and an HTTP/1.0 client could not read one that
    /// was meant for HTTP/1.1.
    func forwarded(to target: HTTPTarget, leavingOut options: [ArraySlice<UInt8>]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(self.bytes.count + 32)
        result += self.method
        result.append(ASCII.space)
        if target.path.isEmpty {
            // The server as a whole is meant (RFC 9112 section 3.2.4), which `/` would not say.
            result.append(self.method.elementsEqual(Self.options) ? UInt8(ascii: "*") : UInt8(ascii: "/"))
        } else {
            if target.path.first != UInt8(ascii: "/") { result.append(UInt8(ascii: "/")) }
            result += target.path
        }
        result += self.minorVersion == 0 ? Self.version10 : Self.version11
        result += Self.host
        result += target.authority.last == ASCII.colon ? target.authority.dropLast() : target.authority
        result += Self.lineEnd
        var hasLength = false
        for field in self.fields where !self.staysBehind(field, options) {
            if case .contentLength = field.name {
                if hasLength { continue }
                hasLength = true
            }
            result += self.name(field)
            result += Self.separator
            result += self.value(field)
            result += Self.lineEnd
        }
        result += Self.end
        return result
    }

    private func staysBehind(_ field: HTTPField, _ options: [ArraySlice<UInt8>]) -> Bool {
        switch field.name {
        case .connection, .host, .keepAlive, .proxyAuthorization, .proxyConnection, .te, .upgrade:
            return true
        case .contentLength, .transferEncoding:
            // The body is sent as it came, so its framing must go with it whatever `Connection` says.
            return false
        case .other:
            let name = self.name(field)
            return options.contains { ASCII.equal($0, name) }
        }
    }

    private static let options = Array("OPTIONS".utf8)
    private static let version10 = Array(" HTTP/1.0\r\n".utf8)
    private static let version11 = Array(" HTTP/1.1\r\n".utf8)
    private static let host = Array("Host: ".utf8)
    private static let separator = Array(": ".utf8)
    private static let lineEnd = Array("\r\n".utf8)
    private static let end = Array("Connection: close\r\n\r\n".utf8)
}
