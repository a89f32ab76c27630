import CLoad

extension Socket {
    /// A UDP socket; port 0 takes a free one.
    static func datagrams(at endpoint: Endpoint) throws(SystemCallError) -> Socket {
        Socket(descriptor: try systemCall("bind") { CLoad_bind_datagrams(endpoint.host, endpoint.port) })
    }

    /// Lets a UDP socket send to one far end, and receive from no other.
    func connectDatagrams(to endpoint: Endpoint) throws(SystemCallError) {
        _ = try systemCall("connect") { CLoad_connect_datagrams(self.descriptor, endpoint.host, endpoint.port) }
    }

    /// Receives what waits, as far as the batch has room; moved is a count of datagrams.
    func receive(_ batch: DatagramBatch) -> Transfer {
        let capacity = Int32(DatagramBatch.capacity)
        let transfer = self.transfer("recvmmsg") {
            let bytes = batch.bytes.baseAddress
            return Int(CLoad_receive_batch(self.descriptor, bytes, DatagramBatch.longest, &batch.datagrams, capacity))
        }
        if case .moved(let count) = transfer { batch.count = count } else { batch.count = 0 }
        return transfer
    }

    /// Sends a batch that is not empty; moved is a count of datagrams, and the kernel had no room for the others.
    func send(_ batch: DatagramBatch) -> Transfer {
        self.transfer("sendmmsg") {
            let (bytes, count) = (batch.bytes.baseAddress, Int32(batch.count))
            return Int(CLoad_send_batch(self.descriptor, bytes, DatagramBatch.longest, batch.datagrams, count))
        }
    }
}
