import CausewayBytes
import FuzzSupport

func fuzzText(_ text: String) {
    if let address = IPAddress(text) {
        precondition(IPAddress(address.description) == address, "\(text) is not read back")
        precondition(CIDR(text).map { $0.contains(address) } == true, "\(text) is not in itself")
        // What is said to be an address in one place must not be a name in another.
        precondition(Host(Array(text.utf8)) == .ip(address), "\(text) is a name")
    }
    if let block = CIDR(text) {
        precondition(CIDR(block.description) == block, "\(text) is not read back")
        precondition(block.contains(block.address), "\(text) does not contain its own address")
    }
}

func fuzzWire(_ bytes: [UInt8]) {
    var bytes = bytes
    bytes.withByteRegion { region in
        var reader = WireReader(region)
        guard let address = try? Address.parse(&reader) else { return }
        var encoded = [UInt8](repeating: 0, count: address.encodedCount)
        precondition(encoded.count <= Address.maximumEncodedCount)
        let isSame = encoded.withByteRegion { encoded in
            address.encode(into: encoded)
            var again = WireReader(encoded)
            return (try? Address.parse(&again)) == address && again.remaining == 0
        }
        precondition(isSame, "\(address) is not read back")
        // Every shorter input has to ask for more and must not be taken for another address.
        for count in 0..<reader.offset {
            var short = WireReader(region.region(0..<count))
            do throws(Address.WireError) {
                _ = try Address.parse(&short)
                preconditionFailure("\(address) is read from \(count) bytes")
            } catch {
                precondition(error == .incomplete, "\(error) before the end of \(address)")
            }
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard let input = FuzzInput(data, count), input.bytes.count <= 1024 else { return 0 }
    if input.steering & 1 == 0 {
        fuzzText(String(decoding: input.bytes, as: UTF8.self))
    } else {
        fuzzWire(input.bytes)
    }
    return 0
}
