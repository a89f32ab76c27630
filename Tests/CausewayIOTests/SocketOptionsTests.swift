import CausewayBytes
import CausewayIO
import Glibc
import TestSupport
import Testing

@Suite struct SocketOptionsTests {
    private static let loopback = SocketAddress(ip: .v4(0x7f00_0001), port: 0)

    private func address(of socket: borrowing Socket) throws -> SocketAddress {
        guard let address = socket.localAddress() else { throw TestFailure("no address") }
        return address
    }

    private func option(_ descriptor: CInt, _ level: CInt, _ name: CInt) -> CInt {
        var value: CInt = -1
        var count = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, level, name, &value, &count) == 0 ? value : -1
    }

    @Test func `a socket connects from the address it was told`() throws {
        let listener = try Socket.listening(on: Self.loopback, backlog: 4)
        var options = DialOptions()
        options.sourceV4 = .v4(0x7f00_0309)
        let socket = try Socket.connecting(to: self.address(of: listener), options: options)
        #expect(socket.localAddress()?.ip == .v4(0x7f00_0309))
        var peer = Self.loopback
        let deadline = Deadline(seconds: 10)
        var accepted = Socket()
        while !accepted.isOpen, !deadline.hasPassed {
            if let socket = try listener.accept(peer: &peer) { accepted = socket }
        }
        #expect(peer.ip == .v4(0x7f00_0309))
    }

    @Test func `who wants a source gets no connection from another`() throws {
        let listener = try Socket.listening(on: Self.loopback, backlog: 4)
        var options = DialOptions()
        options.sourceV6 = .v6(high: 0, low: 1)
        let address = try self.address(of: listener)
        let error = #expect(throws: SystemCallError.self) { _ = try Socket.connecting(to: address, options: options) }
        #expect(error?.code == EADDRNOTAVAIL)
    }

    @Test func `keepalive is set on what connects and on what is accepted`() throws {
        let keepalive = Keepalive(idle: .milliseconds(41_500), interval: .seconds(7), count: 3)
        var listen = ListenOptions()
        listen.keepalive = keepalive
        var dial = DialOptions()
        dial.keepalive = keepalive
        let listener = try Socket.listening(on: Self.loopback, backlog: 4, options: listen)
        let socket = try Socket.connecting(to: self.address(of: listener), options: dial)
        var accepted = Socket()
        var peer = Self.loopback
        let deadline = Deadline(seconds: 10)
        while !accepted.isOpen, !deadline.hasPassed {
            if let socket = try listener.accept(peer: &peer) { accepted = socket }
        }
        for descriptor in [socket.descriptor, accepted.descriptor] {
            #expect(self.option(descriptor, SOL_SOCKET, SO_KEEPALIVE) == 1)
            #expect(self.option(descriptor, CInt(IPPROTO_TCP), TCP_KEEPIDLE) == 42)
            #expect(self.option(descriptor, CInt(IPPROTO_TCP), TCP_KEEPINTVL) == 7)
            #expect(self.option(descriptor, CInt(IPPROTO_TCP), TCP_KEEPCNT) == 3)
        }
    }

    @Test func `an interface that is not there is an error, and loopback's is none`() throws {
        let listener = try Socket.listening(on: Self.loopback, backlog: 4)
        let address = try self.address(of: listener)
        var options = DialOptions()
        options.interface = "lo"
        _ = try Socket.connecting(to: address, options: options)
        options.interface = "none-such"
        #expect(throws: SystemCallError.self) { _ = try Socket.connecting(to: address, options: options) }
    }

    /// Where the kernel has neither, plain TCP is what comes of it.
    @Test(arguments: [true, false])
    func `MPTCP and fast open carry bytes`(isMultipath: Bool) throws {
        var listen = ListenOptions()
        listen.isMultipath = isMultipath
        listen.isFastOpen = !isMultipath
        var dial = DialOptions()
        dial.isMultipath = isMultipath
        dial.isFastOpen = !isMultipath
        let listener = try Socket.listening(on: Self.loopback, backlog: 4, options: listen)
        let socket = try Socket.connecting(to: try self.address(of: listener), options: dial)
        var sent = TransferResult.wouldBlock
        var accepted = Socket()
        var peer = Self.loopback
        var buffer = [UInt8](repeating: 0, count: 8)
        var received = TransferResult.wouldBlock
        let deadline = Deadline(seconds: 10)
        while received == .wouldBlock, !deadline.hasPassed {
            if sent == .wouldBlock { sent = [UInt8]([1, 2, 3]).withRegion { socket.write($0) } }
            if !accepted.isOpen, let socket = try listener.accept(peer: &peer) { accepted = socket }
            if accepted.isOpen { received = buffer.withByteRegion { accepted.read(into: $0) } }
        }
        #expect(sent == .transferred(3) && received == .transferred(3))
        #expect(buffer[..<3] == [1, 2, 3])
    }

    @Test func `a socket without bytes on the way is not stalled`() throws {
        let pair = try SocketPair()
        let isStalled = pair.near.isStalled
        #expect(!isStalled)
    }
}
