import CLoad
import Glibc

/// A non-blocking socket, TCP or UDP. Copies name the same descriptor; the loop whose slot holds it closes it, once.
struct Socket: Equatable, Sendable {
    /// What came of moving bytes. Having to wait is no error.
    enum Transfer: Equatable {
        case moved(Int)
        case wouldBlock
        case endOfStream
        case failed(SystemCallError)
    }

    let descriptor: Int32

    /// Listens with room for a burst of connections; port 0 takes a free one.
    static func listening(at endpoint: Endpoint) throws(SystemCallError) -> Socket {
        Socket(descriptor: try systemCall("listen") { CLoad_listen(endpoint.host, endpoint.port, 4096) })
    }

    /// Begins to connect, from a given source address.
    static func connecting(from source: UInt32, to endpoint: Endpoint) throws(SystemCallError) -> Socket {
        Socket(descriptor: try systemCall("connect") { CLoad_connect(source, endpoint.host, endpoint.port) })
    }

    /// The next connection that waits at a listening socket, `nil` when none does.
    func accept() throws(SystemCallError) -> Socket? {
        do throws(SystemCallError) {
            return Socket(descriptor: try systemCall("accept4") { CLoad_accept(self.descriptor) })
        } catch {
            if error.code == EAGAIN || error.code == ECONNABORTED { return nil }
            throw error
        }
    }

    /// The port that a socket got.
    func localPort() throws(SystemCallError) -> UInt16 {
        UInt16(truncatingIfNeeded: try systemCall("getsockname") { CLoad_local_port(self.descriptor) })
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        self.transfer("send") { CLoad_send(self.descriptor, bytes.baseAddress, bytes.count) }
    }

    func receive(into bytes: UnsafeMutableRawBufferPointer) -> Transfer {
        self.transfer("recv") { CLoad_receive(self.descriptor, bytes.baseAddress, bytes.count) }
    }

    /// Takes bytes out of the receive queue and drops them in the kernel, without a copy.
    func discard(atMost count: Int) -> Transfer {
        self.transfer("recv") { CLoad_discard(self.descriptor, count) }
    }

    /// Sends the payload from an offset of its endless repetition.
    func send(_ payload: Payload, from offset: Int) -> Transfer {
        payload.withPart(from: offset) { self.send($0) }
    }

    func close() { _ = Glibc.close(self.descriptor) }

    @inline(always)
    func transfer(_ call: StaticString, _ body: () -> Int) -> Transfer {
        do throws(SystemCallError) {
            let count = try systemCall(call, body)
            return count == 0 ? .endOfStream : .moved(count)
        } catch {
            return error.code == EAGAIN ? .wouldBlock : .failed(error)
        }
    }
}
