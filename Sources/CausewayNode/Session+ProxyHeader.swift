import CausewayBytes
import CausewayFronts
import CausewayIO

extension Session {
    /// Reads the PROXY header, and not a byte beyond it: whatever follows is the handshake's.
    func readProxyHeader() {
        guard self.near.isReadable else { return }
        let area = self.worker.scratch.body.region(0..<ProxyHeader.maximumCount)
        switch self.near.socket.peek(into: area) {
        case .transferred(let count):
            do throws(ProxyHeader.Malformed) {
                switch try ProxyHeader.parse(area.region(0..<count)) {
                case .needMore:
                    // The next segment makes it readable again; after a FIN there will be none.
                    if self.near.isHungUp { return self.close() }
                    self.near.isReadable = false
                case .header(let header, let count): self.accept(header, area.region(0..<count))
                }
            } catch {
                self.listener.traffic[self.worker.number].countFailure()
                self.note(.handshakeRefused, "no PROXY header", at: self.listener.name)
                self.abort()
            }
        case .wouldBlock: self.near.isReadable = false
        case .endOfStream, .failed: self.close()
        }
    }

    private func accept(_ header: ProxyHeader, _ region: ByteRegion) {
        // Read once more what has been seen, so that it is gone.
        guard self.near.socket.read(into: region) == .transferred(region.count) else { return self.abort() }
        if let source = header.source { self.source = source }
        self.beginHandshake()
        if self.near.isReadable { self.ready([], tag: Self.nearTag) }
    }

    /// Tells the next hop the customer's address before anything else.
    func sendProxyHeader() {
        guard let exit = self.exit, exit.sendsProxyHeader else { return }
        let header = ProxyHeader.version2(
            source: self.source,
            destination: self.near.socket.localAddress() ?? SocketAddress(ip: .v4(0), port: 0)
        )
        let region = self.worker.scratch.body
        region.copy(header)
        // A new connection takes these few bytes; one that does not is broken, and the next write will tell.
        _ = self.far.socket.writeBeforeMore(region.region(0..<header.count))
    }
}
